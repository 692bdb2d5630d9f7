#include "http/request_client.h"

#include <utility>

namespace gridloom::http {
namespace {

void set_client(TrustedProxies::Client client, net::ConnectionContext& context) {
  context.peer = std::move(client.address);
  context.secure = client.secure;
}

}  // namespace

RequestClient::RequestClient(const net::ConnectionContext& context, const TrustedProxies* proxies) {
  if (proxies == nullptr || !proxies->trusts(context.peer)) return;
  proxied_ = std::make_unique<const Proxied>(
      *proxies, TrustedProxies::Client{.address = context.peer, .secure = context.secure});
}

void RequestClient::forget(net::ConnectionContext& context) const {
  if (proxied_) set_client(proxied_->connection, context);
}

void RequestClient::find(const Head& head, net::ConnectionContext& context, TimePoint now) const {
  if (!proxied_) return;
  set_client(proxied_->proxies.find_client({.addresses = head.joined("X-Forwarded-For"),
                                            .schemes = head.joined("X-Forwarded-Proto")},
                                           proxied_->connection, now),
             context);
}

}  // namespace gridloom::http
