// Encodes packets to bytes; see packet.h.
#include <algorithm>
#include <type_traits>

#include "wire/mqtt/bytes.h"
#include "wire/mqtt/packet.h"

namespace gridloom::wire::mqtt {
namespace {

std::uint32_t first_byte(PacketType type, std::uint32_t flags) {
  return (static_cast<std::uint32_t>(type) << 4U) | flags;
}

void write_packet(std::string& out, PacketType type, std::uint32_t flags, std::string_view body) {
  Writer writer(out);
  writer.u8(first_byte(type, flags));
  writer.variable(body.size());
  writer.raw(body);
}

void write_properties(Writer& out, const Properties& properties, Version version) {
  if (version == Version::k5) write_properties(out, properties);
}

template <PacketType kType>
void write_answer(std::string& out, const PublishAnswer<kType>& packet, Version version) {
  std::string body;
  Writer writer(body);
  writer.u16(packet.packet_id);
  const bool plain = packet.reason == Reason::kSuccess && packet.properties.empty();
  if (version == Version::k5 && !plain) {
    writer.u8(static_cast<std::uint32_t>(packet.reason));
    if (!packet.properties.empty()) write_properties(writer, packet.properties);
  }
  write_packet(out, kType, kType == PacketType::kPubrel ? 2 : 0, body);
}

void write_reasons(Writer& out, const std::vector<Reason>& reasons, Version version) {
  for (const Reason reason : reasons) {
    const Reason allowed =
        version == Version::k311 && is_refusal(reason) ? Reason::kUnspecifiedError : reason;
    out.u8(static_cast<std::uint32_t>(allowed));
  }
}

// Writes a DISCONNECT or AUTH; an empty body means success.
void write_farewell(std::string& out, PacketType type, Reason reason, const Properties& properties,
                    Version version) {
  std::string body;
  Writer writer(body);
  if (version == Version::k5 && (reason != Reason::kSuccess || !properties.empty())) {
    writer.u8(static_cast<std::uint32_t>(reason));
    if (!properties.empty()) write_properties(writer, properties);
  }
  write_packet(out, type, 0, body);
}

std::uint32_t flag(bool value, unsigned shift) { return value ? 1U << shift : 0U; }
std::uint32_t number(Qos qos) { return static_cast<std::uint32_t>(qos); }

std::size_t publish_body_size(const Publish& packet, Version version) {
  return 2 + packet.topic.size() + (packet.qos == Qos::kAtMostOnce ? 0U : 2U) +
         (version == Version::k5 ? written_size(packet.properties) : 0U) + packet.payload.size();
}

bool is_short(std::string_view text) { return text.size() <= kMaxTextBytes; }

}  // namespace

// Its few texts are far from 256 MB together.
bool is_encodable(const Connect& packet) {
  const auto& will = packet.will;
  return is_short(packet.client_id) && is_short(packet.username.value_or("")) &&
         is_short(packet.password.value_or("")) &&
         (!will || (is_short(will->topic) && is_short(will->payload)));
}

bool is_encodable(const Publish& packet, Version version) {
  return is_short(packet.topic) && publish_body_size(packet, version) <= kMaxRemainingBytes;
}

bool is_encodable(const Subscribe& packet) {
  std::size_t size = 0;
  for (const FilterEntry& entry : packet.entries) size += entry.filter.size();
  return size < kMaxRemainingBytes / 2 &&
         std::ranges::all_of(packet.entries, is_short, &FilterEntry::filter);
}

void encode(std::string& out, const Connect& packet) {
  std::uint32_t flags = flag(packet.clean_start, 1) | flag(packet.password.has_value(), 6) |
                        flag(packet.username.has_value(), 7);
  if (packet.will) {
    flags |= flag(true, 2) | (number(packet.will->qos) << 3U) | flag(packet.will->retain, 5);
  }
  std::string body;
  Writer writer(body);
  writer.text("MQTT");
  writer.u8(static_cast<std::uint32_t>(packet.version));
  writer.u8(flags);
  writer.u16(packet.keepalive_s);
  write_properties(writer, packet.properties, packet.version);
  writer.text(packet.client_id);
  if (packet.will) {
    write_properties(writer, packet.will->properties, packet.version);
    writer.text(packet.will->topic);
    writer.binary(packet.will->payload);
  }
  if (packet.username) writer.text(*packet.username);
  if (packet.password) writer.binary(*packet.password);
  write_packet(out, PacketType::kConnect, 0, body);
}

void encode(std::string& out, const Connack& packet, Version version) {
  std::string body;
  Writer writer(body);
  writer.u8(flag(packet.session_present, 0));
  writer.u8(version == Version::k5 ? static_cast<std::uint32_t>(packet.reason)
                                   : return_code_311(packet.reason));
  write_properties(writer, packet.properties, version);
  write_packet(out, PacketType::kConnack, 0, body);
}

std::size_t encoded_size(const Publish& packet, Version version) {
  const std::size_t body = publish_body_size(packet, version);
  return 1 + variable_size(body) + body;
}

void encode(std::string& out, const Publish& packet, Version version) {
  Writer writer(out);
  writer.u8(first_byte(PacketType::kPublish,
                       flag(packet.dup, 3) | (number(packet.qos) << 1U) | flag(packet.retain, 0)));
  writer.variable(publish_body_size(packet, version));
  writer.text(packet.topic);
  if (packet.qos != Qos::kAtMostOnce) writer.u16(packet.packet_id);
  write_properties(writer, packet.properties, version);
  writer.raw(packet.payload);
}

void encode(std::string& out, const Puback& packet, Version version) {
  write_answer(out, packet, version);
}
void encode(std::string& out, const Pubrec& packet, Version version) {
  write_answer(out, packet, version);
}
void encode(std::string& out, const Pubrel& packet, Version version) {
  write_answer(out, packet, version);
}
void encode(std::string& out, const Pubcomp& packet, Version version) {
  write_answer(out, packet, version);
}

void encode(std::string& out, const Subscribe& packet, Version version) {
  std::string body;
  Writer writer(body);
  writer.u16(packet.packet_id);
  write_properties(writer, packet.properties, version);
  for (const FilterEntry& entry : packet.entries) {
    writer.text(entry.filter);
    std::uint32_t options = number(entry.qos);
    if (version == Version::k5) {
      options |= flag(entry.no_local, 2) | flag(entry.retain_as_published, 3) |
                 (static_cast<std::uint32_t>(entry.retain_handling) << 4U);
    }
    writer.u8(options);
  }
  write_packet(out, PacketType::kSubscribe, 2, body);
}

void encode(std::string& out, const Suback& packet, Version version) {
  std::string body;
  Writer writer(body);
  writer.u16(packet.packet_id);
  write_properties(writer, packet.properties, version);
  write_reasons(writer, packet.reasons, version);
  write_packet(out, PacketType::kSuback, 0, body);
}

void encode(std::string& out, const Unsubscribe& packet, Version version) {
  std::string body;
  Writer writer(body);
  writer.u16(packet.packet_id);
  write_properties(writer, packet.properties, version);
  for (const std::string_view filter : packet.filters) writer.text(filter);
  write_packet(out, PacketType::kUnsubscribe, 2, body);
}

void encode(std::string& out, const Unsuback& packet, Version version) {
  std::string body;
  Writer writer(body);
  writer.u16(packet.packet_id);
  write_properties(writer, packet.properties, version);
  if (version == Version::k5) write_reasons(writer, packet.reasons, version);
  write_packet(out, PacketType::kUnsuback, 0, body);
}

void encode(std::string& out, const Pingreq& /*packet*/, Version /*version*/) {
  write_packet(out, PacketType::kPingreq, 0, {});
}

void encode(std::string& out, const Pingresp& /*packet*/, Version /*version*/) {
  write_packet(out, PacketType::kPingresp, 0, {});
}

void encode(std::string& out, const Disconnect& packet, Version version) {
  write_farewell(out, PacketType::kDisconnect, packet.reason, packet.properties, version);
}

void encode(std::string& out, const Auth& packet, Version version) {
  write_farewell(out, PacketType::kAuth, packet.reason, packet.properties, version);
}

void encode(std::string& out, const Packet& packet, Version version) {
  std::visit(
      [&](const auto& one) {
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, Connect>) {
          encode(out, one);  // contains its own version
        } else {
          encode(out, one, version);
        }
      },
      packet);
}

}  // namespace gridloom::wire::mqtt
