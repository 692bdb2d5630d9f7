// The options of `gridloom serve` about the network and the time: where it listens, whose
// word it takes for who speaks, and when its devices live.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/options.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/virtual_clock.h"
#include "net/address.h"
#include "net/tls.h"
#include "server/listeners.h"
#include "time/time_zone.h"

namespace gridloom::app {

// kBadParams, and the errors of addresses, name the option.
[[nodiscard]] Result<std::vector<server::ListenerOptions>> listeners_of(
    const ServeOptions& options, const net::TlsContextPtr& tls);
// Whether a server could listen on all of them now. kConflict names the option that takes another
// port; kIo.
[[nodiscard]] Status check_free(const std::vector<server::ListenerOptions>& listeners);
[[nodiscard]] Result<std::vector<net::Network>> trusted_proxies(const ServeOptions& options);

// The options of `gridloom serve` that make the devices of a server live in a time other than the
// wall clock's. User documentation: docs/user/time.md.

// No value: the server uses the wall clock. kBadParams: an option has an invalid value; the detail
// names the option.
using TimeOptions = std::optional<VirtualClock::Options>;
[[nodiscard]] Result<TimeOptions> time_options(const ServeOptions& options, const time::Now& now);

}  // namespace gridloom::app
