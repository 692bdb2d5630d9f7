// Helpers of bridges about their peers: addresses as settings have them, and the reason in the
// answer of one that did not take what it was sent. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "client/http_client.h"

namespace gridloom::bridges {

struct HostPort {
  std::string host;  // "nas.lan", "[::1]"
  std::string port;  // empty: there is none
};
// "HOST", "HOST:PORT", "[V6]" or "[V6]:PORT". Nothing: the text is none of them.
[[nodiscard]] std::optional<HostPort> parse_host_port(std::string_view text);

// The address of an MQTT broker, as settings have it: "mqtt://HOST:PORT" or "mqtts://HOST:PORT".
struct BrokerAddress {
  std::string host_port;  // "broker.lan:1883", "[::1]:8883"
  bool uses_tls = false;
};
// Without a port it is MQTT's own: 1883, or 8883 with TLS. kBadParams: the text is no such address;
// the message begins with `setting`.
[[nodiscard]] Result<BrokerAddress> parse_broker_address(std::string_view setting,
                                                         std::string_view text);

struct WebAddress {
  std::string server;        // "http://db:8086", as client::HttpClient takes it
  std::string target = "/";  // path and query
};
// "http://HOST:PORT" or "https://HOST:PORT", and behind it a path and a query, if there are any.
// kBadParams: names the setting and what would be valid.
[[nodiscard]] Result<WebAddress> parse_web_address(std::string_view setting, std::string_view text);

// Why a server did not take what a bridge sent, in the server's own words:
// "HTTP 400: partial write: field type conflict": the member "error" or "message" of a JSON answer,
// or else the whole text.
[[nodiscard]] std::string reason_of(const client::HttpReply& reply);

}  // namespace gridloom::bridges
