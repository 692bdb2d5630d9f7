#include "http/trusted_proxies.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "http/head.h"

namespace gridloom::http {
namespace {

constexpr std::string_view kWrongAddress =
    "X-Forwarded-For has an element that is no IP address; the request counts for the proxy's";
constexpr std::string_view kWrongScheme =
    "X-Forwarded-Proto is neither http nor https; the request counts as what the proxy spoke";

// Takes the last element of a list off it.
std::string_view take_last(std::string_view& list) {
  const std::size_t comma = list.rfind(',');
  const std::string_view last = comma == std::string_view::npos ? list : list.substr(comma + 1);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
  return trimmed(last);
}

bool is_port(std::string_view text) {
  constexpr std::size_t kMostDigits = 5;
  return !text.empty() && text.size() <= kMostDigits &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "198.51.100.7", "2001:db8::1", "[2001:db8::1]", and the first and the last with a port.
std::optional<net::IpBytes> address_of(std::string_view element) {
  std::string_view behind;
  if (element.starts_with('[')) {
    const std::size_t end = element.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    behind = element.substr(end + 1);
    element = element.substr(1, end - 1);
    if (!element.contains(':')) return std::nullopt;
  } else if (std::ranges::count(element, ':') == 1) {
    const std::size_t colon = element.find(':');
    behind = element.substr(colon);
    element = element.substr(0, colon);
  }
  if (!behind.empty() && (!behind.starts_with(':') || !is_port(behind.substr(1)))) {
    return std::nullopt;
  }
  return net::ip_bytes(element);
}

}  // namespace

bool TrustedProxies::trusts(const net::IpBytes& address) const {
  return std::ranges::any_of(networks_,
                             [&](const net::Network& each) { return each.contains(address); });
}

bool TrustedProxies::trusts(std::string_view address) const {
  const auto bytes = net::ip_bytes(address);
  return bytes && trusts(*bytes);
}

TrustedProxies::Client TrustedProxies::client_of(const Headers& headers, Client connection) const {
  Client client = std::move(connection);
  std::string_view schemes = headers.schemes;
  if (const std::string_view scheme = take_last(schemes); !scheme.empty()) {
    const bool is_secure = same_name(scheme, "https");
    if (is_secure || same_name(scheme, "http")) {
      client.secure = is_secure;
    } else {
      client.wrong = kWrongScheme;
    }
  }
  // Addresses in front of the first one that no trusted proxy has were written by the client.
  std::optional<net::IpBytes> found;
  for (std::string_view addresses = headers.addresses;
       !addresses.empty() && (!found || trusts(*found));) {
    const std::string_view element = take_last(addresses);
    if (element.empty()) continue;
    found = address_of(element);
    if (found) continue;
    client.wrong = kWrongAddress;
    break;
  }
  if (found) client.address = net::ip_text(*found);
  return client;
}

TrustedProxies::Client TrustedProxies::find_client(const Headers& headers, Client connection,
                                                   TimePoint now) const {
  const std::string proxy = connection.address;
  Client client = client_of(headers, std::move(connection));
  if (client.wrong.empty()) return client;
  if (const auto left_out = warnings_.admit(now)) {
    spdlog::warn("a request from the trusted proxy {}: {} ({} more of these were not logged)",
                 proxy, client.wrong, *left_out);
  }
  return client;
}

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
