// Converts messages from and to packet properties; see the header.
#include "wire/mqtt/message.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

namespace gridloom::wire::mqtt {
namespace {

std::optional<std::string> owned(std::optional<std::string_view> text) {
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

bool fits(const std::optional<std::string>& text) { return !text || text->size() <= kMaxTextBytes; }

// Leaves room in the packet for the fixed part and the properties.
constexpr std::size_t kMaxPayloadBytes = kMaxRemainingBytes / 2;

}  // namespace

Message message_of(std::string_view topic, std::string_view payload, const Properties& properties,
                   TimePoint now) {
  Message message;
  message.topic = topic;
  message.payload = payload;
  if (properties.empty()) return message;
  if (const auto format = properties.number(PropertyId::kPayloadFormat)) {
    message.payload_is_text = *format == 1U;
  }
  if (const auto expiry_s = properties.number(PropertyId::kMessageExpiryS)) {
    message.expiry_s = expiry_s;
    message.expires_at = now + std::chrono::seconds(*expiry_s);
  }
  message.content_type = owned(properties.text(PropertyId::kContentType));
  message.response_topic = owned(properties.text(PropertyId::kResponseTopic));
  message.correlation_data = owned(properties.text(PropertyId::kCorrelationData));
  for (const Property& property : properties.items()) {
    if (property.id != PropertyId::kUserProperty) continue;
    message.user_properties.emplace_back(property.text, property.value);
  }
  return message;
}

void add_properties(Properties& properties, const Message& message, TimePoint now) {
  if (message.payload_is_text) {
    properties.add(PropertyId::kPayloadFormat, *message.payload_is_text ? 1U : 0U);
  }
  if (message.expires_at) {
    // Rounded up: a message that is still valid must not be sent as just expired.
    const auto left = std::chrono::ceil<std::chrono::seconds>(*message.expires_at - now).count();
    const std::int64_t most = message.expiry_s.value_or(0xFFFF'FFFF);
    properties.add(PropertyId::kMessageExpiryS,
                   static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 0, most)));
  }
  if (message.content_type) properties.add(PropertyId::kContentType, *message.content_type);
  if (message.response_topic) properties.add(PropertyId::kResponseTopic, *message.response_topic);
  if (message.correlation_data) {
    properties.add(PropertyId::kCorrelationData, *message.correlation_data);
  }
  for (const auto& [name, value] : message.user_properties) properties.add_user(name, value);
}

std::size_t bytes_of(const Message& message) {
  std::size_t bytes = message.topic.size() + message.payload.size();
  for (const auto* text :
       {&message.content_type, &message.response_topic, &message.correlation_data}) {
    if (*text) bytes += (*text)->size();
  }
  for (const auto& property : message.user_properties) {
    bytes += sizeof(property) + property.first.size() + property.second.size();
  }
  return bytes;
}

bool encodable(const Message& message) {
  std::size_t user_bytes = 0;
  for (const auto& [name, value] : message.user_properties) {
    if (name.size() > kMaxTextBytes || value.size() > kMaxTextBytes) return false;
    user_bytes += name.size() + value.size() + 5;
  }
  return !message.topic.empty() && message.topic.size() <= kMaxTextBytes &&
         message.payload.size() + user_bytes <= kMaxPayloadBytes && fits(message.content_type) &&
         fits(message.response_topic) && fits(message.correlation_data);
}

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
