// The address of an MQTT broker, as settings have it: "mqtt://HOST:PORT" or "mqtts://HOST:PORT".
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace gridloom::bridges {

struct BrokerAddress {
  std::string host_port;  // "broker.lan:1883", "[::1]:8883"
  bool uses_tls = false;
};
// Without a port it is MQTT's own: 1883, or 8883 with TLS. kBadParams: the text is no such address;
// the message begins with `setting`.
[[nodiscard]] Result<BrokerAddress> parse_broker_address(std::string_view setting,
                                                         std::string_view text);

}  // namespace gridloom::bridges
