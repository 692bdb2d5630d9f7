// Messages, wills and subscriptions as MQTT 5 packets, which is how they stand in the session
// store: a format that has a standard, a codec and fuzz targets already. An expiry is left out,
// since a packet's counts from when it is sent; the store has a column for it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "hub/shard.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

struct PacketFlags {
  wire::mqtt::Qos qos = wire::mqtt::Qos::kAtMostOnce;
  bool retain = false;
  std::vector<std::uint32_t> subscription_ids = {};
};
[[nodiscard]] std::string packet_of(const wire::mqtt::Message& message, const PacketFlags& flags);
struct PacketMessage {
  wire::mqtt::MessagePtr message;
  PacketFlags flags;
};
// Nothing: it is no PUBLISH.
[[nodiscard]] std::optional<PacketMessage> message_in(std::string_view packet,
                                                      std::optional<TimePoint> expires_at);

// A SUBSCRIBE a subscription, one behind the other.
[[nodiscard]] std::string packets_of(const std::vector<hub::Subscription>& subscriptions);
[[nodiscard]] std::optional<std::vector<hub::Subscription>> subscriptions_in(
    std::string_view packets);

}  // namespace gridloom::mqtt
