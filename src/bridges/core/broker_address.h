// The address of an MQTT broker, as settings have it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace gridloom::bridges {

struct BrokerAddress {
  std::string host_port;  // "192.168.1.5:1883", "broker.lan:8883", "[::1]:1883"
  bool is_tls = false;
};
// Parses "mqtt://HOST" and "mqtts://HOST", each with ":PORT" behind it or without; the ports are
// 1883 and 8883 then. kBadParams: it is not such an address.
[[nodiscard]] Result<BrokerAddress> parse_broker(std::string_view text);

}  // namespace gridloom::bridges
