// Finds the client of a request that a reverse proxy sends: by X-Forwarded-For, to which each proxy
// appends the address that it was asked from, and X-Forwarded-Proto. From the networks of trusted
// proxies only; anybody else may write into these headers what he likes.
//
// Forwarded (RFC 7239) is not read: a proxy that sets one of the two passes the other on as the
// client sent it.
//
// Thread rule: any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log_throttle.h"
#include "http/head.h"
#include "net/address.h"
#include "net/protocol.h"

namespace gridloom::http {

class TrustedProxies {
 public:
  explicit TrustedProxies(std::vector<net::Network> networks) : networks_(std::move(networks)) {}

  [[nodiscard]] bool trusts(std::string_view address) const;

  struct Headers {
    std::string addresses;  // X-Forwarded-For, all of them joined by commas
    std::string schemes;    // X-Forwarded-Proto, likewise
  };
  struct Client {
    std::string address;
    bool secure = false;
    std::string_view wrong{};  // a literal: why a header was not used; empty: both were good
  };
  // The client behind a connection of a trusted proxy: the last address that is not that of one.
  // Headers that are missing or wrong leave what is known of the connection. Pure.
  [[nodiscard]] Client client_of(const Headers& headers, Client connection) const;
  // The same, and logs what is wrong.
  [[nodiscard]] Client find_client(const Headers& headers, Client connection, TimePoint now) const;

 private:
  [[nodiscard]] bool trusts(const net::IpBytes& address) const;

  const std::vector<net::Network> networks_;
  mutable LogThrottle warnings_{{.times = 1, .within = Millis(60'000)}};
};

// The client that the current request of a connection comes from: on a connection of a trusted
// proxy the one that the request's head names, otherwise the peer itself.
class RequestClient {
 public:
  // `context` is the connection's; null: no proxy is trusted. The proxies outlive the object.
  RequestClient(const net::ConnectionContext& context, const TrustedProxies* proxies);

  // The client of a request whose head is not known: the connection itself. Sets the address and
  // whether it speaks TLS in the context; otherwise the context stays as it is.
  void forget(net::ConnectionContext& context) const;
  // The client that the head names.
  void find(const Head& head, net::ConnectionContext& context, TimePoint now) const;

 private:
  struct Proxied {
    const TrustedProxies& proxies;
    TrustedProxies::Client connection;
  };
  std::unique_ptr<const Proxied> proxied_;  // null: the connection is not a trusted proxy's
};

}  // namespace gridloom::http
