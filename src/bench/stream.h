// The client's end of a connection to a server under load.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "net/address.h"
#include "net/stream.h"

namespace gridloom::bench {

using TlsClient = std::shared_ptr<ssl_ctx_st>;

// Trusts the certificates of the file alone. kIo: it cannot be read.
[[nodiscard]] Result<TlsClient> tls_client(const std::filesystem::path& ca);

// Waits until the peer's system has taken the connection; from then on nothing waits. `tls` null:
// plain. kIo: nobody listens there, or there are no more descriptors.
[[nodiscard]] Result<net::Stream> connect(const net::Address& to, const TlsClient& tls);

// Why a connection is of no more use, for people.
[[nodiscard]] Fault fault_of(net::Stream::State state);

}  // namespace gridloom::bench
