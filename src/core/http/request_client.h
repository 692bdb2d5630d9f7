// The client that the current request of a connection comes from: on a connection of a trusted
// proxy the one that the request's head names, otherwise the peer itself.
#pragma once

#include <memory>

#include "base/clock.h"
#include "http/head.h"
#include "http/trusted_proxies.h"
#include "net/protocol.h"

namespace gridloom::http {

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
