// An MQTT application message without its delivery attributes (QoS, retain and DUP).
//
// A message is built once and then shared unchanged by every session, queue and store that needs it
// (MessagePtr); any thread may read it. A copy under another topic shares the payload, and messages
// to one subscriber may share the topic. Pure data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/shared_text.h"
#include "wire/mqtt/packet.h"

namespace gridloom::wire::mqtt {

using UserProperties = std::vector<std::pair<std::string, std::string>>;

struct Message {
  SharedText topic = {};
  SharedText payload = {};

  // Version 5 properties; forwarded unchanged, and left out for a 3.1.1 subscriber.
  std::optional<bool> payload_is_text = {};  // payload format indicator
  std::optional<TimePoint> expires_at = {};
  // As its publisher gave it. No subscriber gets more, though `expires_at` may come from another
  // node, whose clock is another.
  std::optional<std::uint32_t> expiry_s = {};
  std::optional<std::string> content_type = {};
  std::optional<std::string> response_topic = {};
  std::optional<std::string> correlation_data = {};
  UserProperties user_properties = {};
};

using MessagePtr = std::shared_ptr<const Message>;

// The whole filter ($share/<group>/<filter>) of the shared subscription through which a message is
// delivered to a client. Null: delivered through the client's own subscriptions.
using SharePtr = std::shared_ptr<const std::string>;

// Builds a message. `topic` replaces the packet's topic (which is empty when an alias is used); an
// expiry interval counts from `now`.
[[nodiscard]] Message message_of(std::string_view topic, std::string_view payload,
                                 const Properties& properties, TimePoint now);

// Adds the message's properties as of `now`, as views into the message.
void add_properties(Properties& properties, const Message& message, TimePoint now);

// Memory used by the message: its texts, and the storage of each user property.
[[nodiscard]] std::size_t bytes_of(const Message& message);

// Whether the message can be encoded as a packet.
[[nodiscard]] bool encodable(const Message& message);

// Stores a message as an MQTT 5 PUBLISH, the format of messages in the log and in the session
// store: it is a standard, and a codec and fuzz targets exist. The packet's expiry is the one that
// its publisher gave, not what is left of it: the expiry time is stored beside the packet. Pure.
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
