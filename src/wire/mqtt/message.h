// An application message: what was published, apart from how (QoS, retain, DUP belong to the way).
//
// A message is built once and then shared unchanged by every session, queue and store that needs it
// (MessagePtr); any thread may read it. Pure data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "wire/mqtt/packet.h"

namespace gridloom::wire::mqtt {

using UserProperties = std::vector<std::pair<std::string, std::string>>;

struct Message {
  std::string topic = {};
  std::string payload = {};

  // Version 5; passed on as they came, and simply absent for a 3.1.1 subscriber.
  std::optional<bool> payload_is_text = {};  // payload format indicator
  std::optional<TimePoint> expires_at = {};
  std::optional<std::string> content_type = {};
  std::optional<std::string> response_topic = {};
  std::optional<std::string> correlation_data = {};
  UserProperties user_properties = {};
};

using MessagePtr = std::shared_ptr<const Message>;

// The whole filter ($share/<group>/<filter>) of the shared subscription by which a message goes to
// a client. Null: by subscriptions of its own.
using SharePtr = std::shared_ptr<const std::string>;

// `topic` stands in for the packet's own (which is empty beside an alias); an expiry counts from
// `now`.
[[nodiscard]] Message message_of(std::string_view topic, std::string_view payload,
                                 const Properties& properties, TimePoint now);

// The message's properties as of `now`, as views into it.
void add_properties(Properties& properties, const Message& message, TimePoint now);

// What it takes in memory: its texts, and each user property's place.
[[nodiscard]] std::size_t bytes_of(const Message& message);

// Whether it can be written into a packet at all.
[[nodiscard]] bool encodable(const Message& message);

}  // namespace gridloom::wire::mqtt
