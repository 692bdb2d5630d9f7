// Decodes bytes to packets; see packet.h. Refuses everything the standards forbid that is visible
// in a single packet; the session checks rules that depend on the connection's state.
#include <utility>
#include <variant>

#include "base/result.h"
#include "wire/mqtt/bytes.h"
#include "wire/mqtt/packet.h"
#include "wire/mqtt/topic.h"

namespace gridloom::wire::mqtt {
namespace {

constexpr std::string_view kProtocolName = "MQTT";
constexpr std::string_view kProtocolName31 = "MQIsdp";

Properties properties_of(PacketReader& in, PacketType type, Version version) {
  return version == Version::k5 ? read_properties(in, place_of(type)) : Properties{};
}

Qos qos_of(PacketReader& in, std::uint32_t bits) {
  if (bits > 2) {
    in.fail(Reason::kMalformedPacket, "a QoS is 3");
    return Qos::kAtMostOnce;
  }
  return static_cast<Qos>(bits);
}

Reason reason_of(PacketReader& in, PacketType type) {
  const auto reason = static_cast<Reason>(in.u8());
  if (in.ok() && !may_carry(type, reason)) {
    in.fail(Reason::kProtocolError, "a reason code that this packet may not carry");
  }
  return reason;
}

std::uint16_t packet_id_of(PacketReader& in) {
  const std::uint16_t id = in.u16();
  if (id == 0) in.fail(Reason::kProtocolError, "a packet id is 0");
  return id;
}

std::string_view filter_of(PacketReader& in) {
  const std::string_view filter = in.text();
  if (in.ok() && !valid_filter(filter)) {
    in.fail(Reason::kMalformedPacket,
            "a topic filter is empty, or has a wildcard where none may stand");
  }
  return filter;
}

// The reader has already checked that the topic is text.
void check_topic(PacketReader& in, std::string_view topic) {
  if (topic.find_first_of("+#") != std::string_view::npos) {
    in.fail(Reason::kMalformedPacket, "a topic to publish to has a wildcard");
  }
}

LastWill will_of(PacketReader& in, std::uint32_t flags, Version version) {
  LastWill will;
  will.qos = qos_of(in, (flags >> 3U) & 3U);
  will.retain = (flags & 0x20U) != 0;
  if (version == Version::k5) will.properties = read_properties(in, PropertyPlace::kWill);
  will.topic = in.text();
  if (in.ok() && will.topic.empty()) in.fail(Reason::kMalformedPacket, "the will has no topic");
  check_topic(in, will.topic);
  will.payload = in.binary();
  return will;
}

Version version_of(PacketReader& in) {
  const std::string_view name = in.text();
  const std::uint8_t level = in.u8();
  if (!in.ok()) return Version::k311;
  if (name == kProtocolName31) {
    in.fail(Reason::kUnsupportedProtocolVersion, "MQTT 3.1 is not supported: must be 3.1.1 or 5");
  } else if (name != kProtocolName) {
    in.fail(Reason::kMalformedPacket, "the protocol's name is not MQTT");
  } else if (level != 4 && level != 5) {
    in.fail(Reason::kUnsupportedProtocolVersion, "the protocol level is neither 4 nor 5");
  }
  return level == 5 ? Version::k5 : Version::k311;
}

Packet read_connect(PacketReader& in) {
  Connect packet;
  packet.version = version_of(in);
  const std::uint32_t flags = in.u8();
  if ((flags & 1U) != 0) in.fail(Reason::kMalformedPacket, "CONNECT's reserved flag is set");
  const bool has_will = (flags & 4U) != 0;
  if (!has_will && (flags & 0x38U) != 0) {
    in.fail(Reason::kMalformedPacket, "CONNECT sets options of a will but has no will");
  }
  const bool has_password = (flags & 0x40U) != 0;
  const bool has_username = (flags & 0x80U) != 0;
  if (packet.version == Version::k311 && has_password && !has_username) {
    in.fail(Reason::kMalformedPacket, "a password without a user name");
  }
  packet.clean_start = (flags & 2U) != 0;
  packet.keepalive_s = in.u16();
  packet.properties = properties_of(in, PacketType::kConnect, packet.version);
  packet.client_id = in.text();
  if (has_will) packet.will = will_of(in, flags, packet.version);
  if (has_username) packet.username = in.text();
  if (has_password) packet.password = in.binary();
  return packet;
}

Packet read_connack(PacketReader& in, Version version) {
  Connack packet;
  const std::uint8_t flags = in.u8();
  if (flags > 1) in.fail(Reason::kMalformedPacket, "a reserved flag of CONNACK is set");
  packet.session_present = flags == 1;
  if (version == Version::k5) {
    packet.reason = reason_of(in, PacketType::kConnack);
  } else {
    const std::uint8_t code = in.u8();
    if (code > 5) in.fail(Reason::kMalformedPacket, "a CONNACK return code is above 5");
    packet.reason = reason_of_return_code_311(code);
  }
  packet.properties = properties_of(in, PacketType::kConnack, version);
  return packet;
}

Packet read_publish(PacketReader& in, std::uint8_t flags, Version version) {
  Publish packet;
  packet.dup = (flags & 8U) != 0;
  packet.qos = qos_of(in, (flags >> 1U) & 3U);
  packet.retain = (flags & 1U) != 0;
  if (packet.dup && packet.qos == Qos::kAtMostOnce) {
    in.fail(Reason::kMalformedPacket, "DUP is set on a message of QoS 0");
  }
  packet.topic = in.text();
  check_topic(in, packet.topic);
  if (packet.qos != Qos::kAtMostOnce) packet.packet_id = packet_id_of(in);
  packet.properties = properties_of(in, PacketType::kPublish, version);
  if (in.ok() && packet.topic.empty() && !packet.properties.has(PropertyId::kTopicAlias)) {
    in.fail(version == Version::k5 ? Reason::kProtocolError : Reason::kMalformedPacket,
            "a PUBLISH has neither a topic nor a topic alias");
  }
  packet.payload = in.take_rest();
  return packet;
}

template <PacketType kType>
Packet read_answer(PacketReader& in, Version version) {
  PublishAnswer<kType> packet;
  packet.packet_id = packet_id_of(in);
  if (version == Version::k311 || in.empty()) return packet;
  packet.reason = reason_of(in, kType);
  if (!in.empty()) packet.properties = read_properties(in, place_of(kType));
  return packet;
}

FilterEntry entry_of(PacketReader& in, Version version) {
  FilterEntry entry;
  entry.filter = filter_of(in);
  const std::uint32_t options = in.u8();
  entry.qos = qos_of(in, options & 3U);
  const std::uint32_t reserved = version == Version::k5 ? 0xC0U : 0xFCU;
  if ((options & reserved) != 0) {
    in.fail(Reason::kMalformedPacket, "a reserved bit of the subscription options is set");
  }
  if (version == Version::k311) return entry;
  entry.no_local = (options & 4U) != 0;
  entry.retain_as_published = (options & 8U) != 0;
  const std::uint32_t handling = (options >> 4U) & 3U;
  if (handling > 2) in.fail(Reason::kProtocolError, "a retain handling is 3");
  if (in.ok()) entry.retain_handling = static_cast<RetainHandling>(handling);
  if (entry.no_local && shared_parts(entry.filter)) {
    in.fail(Reason::kProtocolError, "no-local is set on a shared subscription");
  }
  return entry;
}

Packet read_subscribe(PacketReader& in, Version version) {
  Subscribe packet;
  packet.packet_id = packet_id_of(in);
  packet.properties = properties_of(in, PacketType::kSubscribe, version);
  if (in.empty()) in.fail(Reason::kProtocolError, "a SUBSCRIBE names no topic filter");
  while (!in.empty()) packet.entries.push_back(entry_of(in, version));
  return packet;
}

std::vector<Reason> reasons_of(PacketReader& in, PacketType type) {
  std::vector<Reason> reasons;
  if (in.empty()) in.fail(Reason::kProtocolError, "an acknowledgement has no reason code");
  while (!in.empty()) reasons.push_back(reason_of(in, type));
  return reasons;
}

Packet read_suback(PacketReader& in, Version version) {
  Suback packet;
  packet.packet_id = packet_id_of(in);
  packet.properties = properties_of(in, PacketType::kSuback, version);
  packet.reasons = reasons_of(in, PacketType::kSuback);
  for (const Reason reason : packet.reasons) {
    if (version == Version::k311 && is_refusal(reason) && reason != Reason::kUnspecifiedError) {
      in.fail(Reason::kMalformedPacket, "a SUBACK return code that 3.1.1 does not have");
    }
  }
  return packet;
}

Packet read_unsubscribe(PacketReader& in, Version version) {
  Unsubscribe packet;
  packet.packet_id = packet_id_of(in);
  packet.properties = properties_of(in, PacketType::kUnsubscribe, version);
  if (in.empty()) in.fail(Reason::kProtocolError, "an UNSUBSCRIBE names no topic filter");
  while (!in.empty()) packet.filters.push_back(filter_of(in));
  return packet;
}

Packet read_unsuback(PacketReader& in, Version version) {
  Unsuback packet;
  packet.packet_id = packet_id_of(in);
  packet.properties = properties_of(in, PacketType::kUnsuback, version);
  if (version == Version::k5) packet.reasons = reasons_of(in, PacketType::kUnsuback);
  return packet;
}

template <typename Farewell>
Packet read_farewell(PacketReader& in, PacketType type, Version version) {
  Farewell packet;
  if (version == Version::k311 || in.empty()) return packet;
  packet.reason = reason_of(in, type);
  if (!in.empty()) packet.properties = read_properties(in, place_of(type));
  return packet;
}

Packet read_body(PacketReader& in, const Header& header, Version version) {
  switch (header.type) {
    case PacketType::kConnect:
      return read_connect(in);
    case PacketType::kConnack:
      return read_connack(in, version);
    case PacketType::kPublish:
      return read_publish(in, header.flags, version);
    case PacketType::kPuback:
      return read_answer<PacketType::kPuback>(in, version);
    case PacketType::kPubrec:
      return read_answer<PacketType::kPubrec>(in, version);
    case PacketType::kPubrel:
      return read_answer<PacketType::kPubrel>(in, version);
    case PacketType::kPubcomp:
      return read_answer<PacketType::kPubcomp>(in, version);
    case PacketType::kSubscribe:
      return read_subscribe(in, version);
    case PacketType::kSuback:
      return read_suback(in, version);
    case PacketType::kUnsubscribe:
      return read_unsubscribe(in, version);
    case PacketType::kUnsuback:
      return read_unsuback(in, version);
    case PacketType::kPingreq:
      return Pingreq{};
    case PacketType::kPingresp:
      return Pingresp{};
    case PacketType::kDisconnect:
      return read_farewell<Disconnect>(in, header.type, version);
    case PacketType::kAuth:
      if (version == Version::k311) in.fail(Reason::kMalformedPacket, "3.1.1 has no AUTH");
      return read_farewell<Auth>(in, header.type, version);
  }
  in.fail(Reason::kMalformedPacket, "there is no such packet type");
  return Pingreq{};
}

// Version 5 requires the shortest form of a packet's length. 3.1.1 does not, and some of its
// clients always write four bytes.
bool length_is_shortest(const Header& header, const Packet& packet, Version version) {
  if (const auto* connect = std::get_if<Connect>(&packet)) version = connect->version;
  return version == Version::k311 || header.header_bytes == 1 + variable_size(header.body_bytes);
}

bool valid_flags(PacketType type, std::uint32_t flags) {
  switch (type) {
    case PacketType::kPublish:
      return (flags & 6U) != 6U;
    case PacketType::kPubrel:
    case PacketType::kSubscribe:
    case PacketType::kUnsubscribe:
      return flags == 2;
    default:
      return flags == 0;
  }
}

}  // namespace

Decoded<std::optional<Header>> peek_header(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes[0]);
  Header header;
  header.type = static_cast<PacketType>(first >> 4U);
  header.flags = first & 0x0FU;
  if (first < 0x10) {
    return std::unexpected(Violation{Reason::kMalformedPacket, "there is no packet type 0"});
  }
  if (!valid_flags(header.type, header.flags)) {
    return std::unexpected(
        Violation{Reason::kMalformedPacket, "a packet's first byte has flags it may not have"});
  }
  for (std::size_t i = 0; i < 4; ++i) {
    if (bytes.size() < i + 2) return std::nullopt;
    const auto byte = static_cast<unsigned char>(bytes[i + 1]);
    header.body_bytes |= static_cast<std::size_t>(byte & 0x7FU) << (7 * i);
    if ((byte & 0x80U) == 0) {
      header.header_bytes = i + 2;
      return header;
    }
  }
  return std::unexpected(
      Violation{Reason::kMalformedPacket, "a packet's length has more than four bytes"});
}

Decoded<Packet> decode(const Header& header, std::string_view body, Version version,
                       std::size_t most_properties) {
  PacketReader in(body, most_properties);
  Packet packet = read_body(in, header, version);
  if (in.ok() && !in.empty()) {
    in.fail(Reason::kMalformedPacket, "a packet goes on after its last field");
  }
  if (in.ok() && !length_is_shortest(header, packet, version)) {
    in.fail(Reason::kMalformedPacket, "a packet's length has more bytes than it needs");
  }
  if (!in.ok()) return std::unexpected(in.violation());
  return packet;
}

Decoded<Packet> decode(std::string_view packet, Version version) {
  GL_TRY(const auto header, peek_header(packet));
  if (!header || header->total_bytes() != packet.size()) {
    return std::unexpected(
        Violation{Reason::kMalformedPacket, "the bytes are not exactly one packet"});
  }
  return decode(*header, packet.substr(header->header_bytes), version);
}

std::optional<std::uint8_t> connect_level(std::string_view body) {
  PacketReader in(body);
  const std::string_view name = in.text();
  const std::uint8_t level = in.u8();
  if (!in.ok() || (name != kProtocolName && name != kProtocolName31)) return std::nullopt;
  return level;
}

}  // namespace gridloom::wire::mqtt
