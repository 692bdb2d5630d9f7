// Stores a message as an MQTT 5 PUBLISH, the format of messages in the log and in the session
// store: it is a standard, and a codec and fuzz targets exist. The packet's expiry is the one that
// its publisher gave, not what is left of it: the expiry time is stored beside the packet. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "wire/mqtt/message.h"
#include "wire/mqtt/packet.h"

namespace gridloom::wire::mqtt {

// A time as stored beside a packet: ms since 1970; 0: none.
[[nodiscard]] inline std::int64_t stored_ms(const std::optional<TimePoint>& time) {
  return time ? unix_ms(*time) : 0;
}
[[nodiscard]] inline std::optional<TimePoint> time_of(std::int64_t stored_ms) {
  return stored_ms == 0 ? std::nullopt : std::optional(TimePoint(Millis(stored_ms)));
}

struct PacketFlags {
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  std::vector<std::uint32_t> subscription_ids = {};
};
[[nodiscard]] std::string packet_of(const Message& message, const PacketFlags& flags);
struct PacketMessage {
  MessagePtr message;
  PacketFlags flags;
};
// nullopt if `packet` is no PUBLISH.
[[nodiscard]] std::optional<PacketMessage> message_in(std::string_view packet,
                                                      std::optional<TimePoint> expires_at);

}  // namespace gridloom::wire::mqtt
