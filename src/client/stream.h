// The client's end of a connection to a server, plain or TLS.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "net/address.h"
#include "net/stream.h"

namespace gridloom::client {

using TlsClient = std::shared_ptr<ssl_ctx_st>;

// Trusts the certificates of the file alone. kIo: it cannot be read.
[[nodiscard]] Result<TlsClient> tls_client(const std::filesystem::path& ca);

// Whom to connect to, and whose certificate that has to be.
struct Peer {
  net::Address address;
  std::string name;  // as its user gave it: a host's name or a numeric address
};
[[nodiscard]] Peer peer_at(const net::Address& address);
// "HOST:PORT", where the host may be a name. Asks the system's resolver, so it may wait.
// kBadParams, kNotFound.
[[nodiscard]] Result<Peer> find_peer(std::string_view text);

enum class Wait : std::uint8_t {
  kUntilTaken,  // until the peer's system has taken the connection
  kNever,       // whether anybody listens there shows when it is read or written
};
// `tls` null: plain. kIo: nobody listens there, or there are no more descriptors.
[[nodiscard]] Result<net::Stream> connect(const Peer& to, const TlsClient& tls, Wait wait);

// Whether somebody listens there, plain or TLS: connects and hangs up. Waits for `patience` at
// most; if nothing was heard until then, that is no fault. kIo: "ADDR:PORT: why not", as "refused".
[[nodiscard]] Status check_listens(const Peer& peer, Millis patience);

// Why a connection is of no more use, for people.
[[nodiscard]] Fault fault_of(net::Stream::State state);

}  // namespace gridloom::client
