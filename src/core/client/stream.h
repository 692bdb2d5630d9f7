// A client's connection to a server, plain TCP or TLS.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "net/address.h"
#include "net/stream.h"

namespace gridloom::client {

using TlsClient = std::shared_ptr<ssl_ctx_st>;

// A TLS client context that trusts only the certificates of the file. kIo: it cannot be read.
[[nodiscard]] Result<TlsClient> tls_client(const std::filesystem::path& ca);

// The same, which trusts what the system does: SSL_CERT_FILE, SSL_CERT_DIR, or the distribution's
// certificates.
[[nodiscard]] Result<TlsClient> tls_client_of_system();

// The server to connect to, and the name its certificate must have.
struct Peer {
  net::Address address;
  std::string name;  // as the user gave it: a host name or a numeric address
};
[[nodiscard]] Peer peer_at(const net::Address& address);
// Parses "HOST:PORT", where the host may be a name. Uses the system's resolver, so it may block.
// kBadParams: not such a text; kNotFound: the name cannot be resolved.
[[nodiscard]] Result<Peer> find_peer(std::string_view text);

enum class ConnectMode : std::uint8_t {
  kBlocking,     // blocks until the peer's system has accepted the connection
  kNonBlocking,  // does not block; a failure shows at the first read or write
};
// `tls` null: plain TCP. kIo: nothing listens there, or there are no more file descriptors.
[[nodiscard]] Result<net::Stream> connect(const Peer& to, const TlsClient& tls, ConnectMode wait);

// Checks whether something listens there, plain or TLS: connects and disconnects. Blocks for
// `patience` at most; no answer until then is not an error. kIo: "ADDR:PORT: reason", as "refused".
[[nodiscard]] Status check_listens(const Peer& peer, Millis patience);

// Why a connection can no longer be used, as a text for people: by the system's error, or because
// its certificate is not trusted. `state` is what the last call of `stream` returned.
[[nodiscard]] Error error_of(const net::Stream& stream, net::Stream::State state);
// Why the certificate of the peer is not trusted; empty: it is, or has not come.
[[nodiscard]] std::string distrust_of(ssl_st* tls);

// Looks up a server's address without waiting for the system's resolver, which cannot be stopped
// and takes up to half a minute if its name server does not answer.
//
// Each lookup of a name has a thread, which ends with the resolver's answer: nobody waits for it,
// also not the end of the process. A numeric address is found at once.
//
// Lookups of names that are under way in one process; more are refused.
inline constexpr int kMaxLookups = 64;

// `on_found` is called once, on any thread, perhaps within the call: with what find_peer() returns,
// or with kIo if too many are under way. It may be called at any time later, so that it must own
// what it uses.
void look_up_peer(const std::string& host_port,
                  std::move_only_function<void(Result<Peer>)> on_found);

// How long a lookup may take.
struct LookupEnd {
  std::stop_token stop{};
  std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
};
// As find_peer(), but returns when a stop is requested or the time is over. kIo: it has, or too
// many are under way.
[[nodiscard]] Result<Peer> find_peer(const std::string& host_port, const LookupEnd& end);

}  // namespace gridloom::client
