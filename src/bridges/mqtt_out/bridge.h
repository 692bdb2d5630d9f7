// The bridge "mqtt", which publishes the devices' values to an MQTT broker, each under a topic of
// its own: its settings, and its row in the table of kinds.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "bridges/core/bridge.h"
#include "bridges/core/patterns.h"
#include "bridges/core/peer.h"
#include "parameters/arguments.h"
#include "parameters/parameter.h"
#include "wire/mqtt/packet.h"

namespace gridloom::bridges {

struct MqttSettings {
  enum class Payload : std::uint8_t { kValue, kJson };
  enum class NamedValues : std::uint8_t { kNumber, kName };

  BrokerAddress broker;
  std::string user;
  Secret password;
  std::string ca;         // empty: the system's authorities
  std::string client_id;  // empty: Identity::client_id
  NameTemplate topic;
  NameTemplate availability;
  std::string status;  // topic
  Payload payload = Payload::kValue;
  NamedValues named_values = NamedValues::kNumber;
  Selection selection{{}, {}};
  bool retain = false;
  wire::mqtt::Qos qos = wire::mqtt::Qos::kAtMostOnce;
  std::chrono::seconds at_most_every{0};
};

[[nodiscard]] std::span<const parameters::Parameter> mqtt_parameters();
// kBadParams: names the setting, its value, and what would be valid.
[[nodiscard]] Result<MqttSettings> mqtt_settings(const parameters::Arguments& arguments);

[[nodiscard]] const BridgeKind& mqtt_kind();

}  // namespace gridloom::bridges
