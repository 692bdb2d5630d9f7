// The options of `gridloom serve` about the network: where it listens, whose word it takes for who
// speaks, and whose pages may show it.
#pragma once

#include <string>
#include <vector>

#include "app/options.h"
#include "base/result.h"
#include "net/network.h"
#include "net/tls.h"
#include "server/listeners.h"

namespace gridloom::app {

// kBadParams, and the errors of addresses, name the option.
[[nodiscard]] Result<std::vector<server::ListenerOptions>> listeners_of(
    const ServeOptions& options, const net::TlsContextPtr& tls);
// Whether a server could listen on all of them now. kConflict names the option that takes another
// port; kIo.
[[nodiscard]] Status check_free(const std::vector<server::ListenerOptions>& listeners);
[[nodiscard]] Result<std::vector<net::Network>> trusted_proxies(const ServeOptions& options);
[[nodiscard]] Result<std::vector<std::string>> frame_origins(const ServeOptions& options);

}  // namespace gridloom::app
