#include "wire/mqtt/stored_message.h"

#include <memory>
#include <utility>
#include <variant>

namespace gridloom::wire::mqtt {

std::string packet_of(const Message& message, const PacketFlags& flags) {
  Publish packet{.qos = flags.qos,
                 .retain = flags.retain,
                 .topic = message.topic,
                 .packet_id = flags.qos == Qos::kAtMostOnce ? std::uint16_t{0} : std::uint16_t{1},
                 .payload = message.payload};
  add_properties(packet.properties, message, TimePoint());
  packet.properties.remove(PropertyId::kMessageExpiryS);
  if (message.expiry_s) packet.properties.add(PropertyId::kMessageExpiryS, *message.expiry_s);
  for (const std::uint32_t id : flags.subscription_ids) {
    packet.properties.add(PropertyId::kSubscriptionId, id);
  }
  std::string bytes;
  encode(bytes, packet, Version::k5);
  return bytes;
}

std::optional<PacketMessage> message_in(std::string_view packet,
                                        std::optional<TimePoint> expires_at) {
  const auto decoded = decode(packet, Version::k5);
  const auto* publish = decoded ? std::get_if<Publish>(&*decoded) : nullptr;
  if (publish == nullptr || publish->topic.empty()) return std::nullopt;
  auto message = std::make_shared<Message>(
      message_of(publish->topic, publish->payload, publish->properties, TimePoint()));
  message->expires_at = expires_at;
  PacketMessage found{.message = std::move(message),
                      .flags = {.qos = publish->qos, .retain = publish->retain}};
  for (const Property& property : publish->properties.items()) {
    if (property.id == PropertyId::kSubscriptionId) {
      found.flags.subscription_ids.push_back(property.number);
    }
  }
  return found;
}

}  // namespace gridloom::wire::mqtt
