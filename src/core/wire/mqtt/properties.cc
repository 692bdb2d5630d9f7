// The property table and the functions that use it; see the header.
#include "wire/mqtt/properties.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <string>

#include "wire/mqtt/topic.h"

namespace gridloom::wire::mqtt {
namespace {

enum class Type : std::uint8_t { kNone, kByte, kU16, kU32, kVariable, kText, kBinary, kPair };

struct PropertyRule {
  Type type = Type::kNone;
  std::uint16_t places = 0;  // bit n: allowed in PropertyPlace n
  std::uint32_t least = 0;
  std::uint32_t most = 0xFFFF'FFFFU;
};

constexpr std::uint16_t at(PacketType type) {
  return static_cast<std::uint16_t>(1U << static_cast<unsigned>(type));
}
constexpr std::uint16_t kWill = 1;
constexpr std::uint16_t kConnect = at(PacketType::kConnect);
constexpr std::uint16_t kConnack = at(PacketType::kConnack);
constexpr std::uint16_t kPublish = at(PacketType::kPublish);
constexpr std::uint16_t kSubscribe = at(PacketType::kSubscribe);
constexpr std::uint16_t kDisconnect = at(PacketType::kDisconnect);
constexpr std::uint16_t kAuth = at(PacketType::kAuth);
constexpr std::uint16_t kMessage = kPublish | kWill;
constexpr std::uint16_t kConnects = kConnect | kConnack;
constexpr std::uint16_t kAnswers = kConnack | at(PacketType::kPuback) | at(PacketType::kPubrec) |
                                   at(PacketType::kPubrel) | at(PacketType::kPubcomp) |
                                   at(PacketType::kSuback) | at(PacketType::kUnsuback) |
                                   kDisconnect | kAuth;
constexpr std::uint16_t kAny =
    kAnswers | kMessage | kConnect | kSubscribe | at(PacketType::kUnsubscribe);

using Table = std::array<PropertyRule, 43>;

constexpr Table make_table() {
  Table table{};
  const auto set = [&table](PropertyId id, PropertyRule row) {
    table[static_cast<std::size_t>(id)] = row;
  };
  using enum PropertyId;
  set(kPayloadFormat, {Type::kByte, kMessage, 0, 1});
  set(kMessageExpiryS, {Type::kU32, kMessage});
  set(kContentType, {Type::kText, kMessage});
  set(kResponseTopic, {Type::kText, kMessage});
  set(kCorrelationData, {Type::kBinary, kMessage});
  set(kSubscriptionId, {Type::kVariable, kPublish | kSubscribe, 1});
  set(kSessionExpiryS, {Type::kU32, kConnects | kDisconnect});
  set(kAssignedClientId, {Type::kText, kConnack});
  set(kServerKeepAliveS, {Type::kU16, kConnack});
  set(kAuthenticationMethod, {Type::kText, kConnects | kAuth});
  set(kAuthenticationData, {Type::kBinary, kConnects | kAuth});
  set(kRequestProblemInformation, {Type::kByte, kConnect, 0, 1});
  set(kWillDelayS, {Type::kU32, kWill});
  set(kRequestResponseInformation, {Type::kByte, kConnect, 0, 1});
  set(kResponseInformation, {Type::kText, kConnack});
  set(kServerReference, {Type::kText, kConnack | kDisconnect});
  set(kReasonString, {Type::kText, kAnswers});
  set(kReceiveMaximum, {Type::kU16, kConnects, 1});
  set(kTopicAliasMaximum, {Type::kU16, kConnects});
  set(kTopicAlias, {Type::kU16, kPublish, 1});
  set(kMaximumQos, {Type::kByte, kConnack, 0, 1});
  set(kRetainAvailable, {Type::kByte, kConnack, 0, 1});
  set(kUserProperty, {Type::kPair, kAny});
  set(kMaximumPacketSize, {Type::kU32, kConnects, 1});
  set(kWildcardAvailable, {Type::kByte, kConnack, 0, 1});
  set(kSubscriptionIdAvailable, {Type::kByte, kConnack, 0, 1});
  set(kSharedAvailable, {Type::kByte, kConnack, 0, 1});
  return table;
}
constexpr Table kTable = make_table();

const PropertyRule& row_of(PropertyId id) { return kTable[static_cast<std::size_t>(id)]; }

bool may_repeat(PropertyId id, PropertyPlace place) {
  return id == PropertyId::kUserProperty ||
         (id == PropertyId::kSubscriptionId && place == place_of(PacketType::kPublish));
}

std::string_view valid_value(PropertyId id) {
  switch (id) {
    case PropertyId::kTopicAlias:
      return "the property topic alias is 0, must be 1 or more";
    case PropertyId::kReceiveMaximum:
      return "the property receive maximum is 0, must be 1 or more";
    case PropertyId::kMaximumPacketSize:
      return "the property maximum packet size is 0, must be 1 or more";
    case PropertyId::kSubscriptionId:
      return "the property subscription identifier is 0, must be 1 or more";
    default:
      return "a property that must be 0 or 1 is neither";
  }
}

void check_value(PacketReader& in, const Property& property) {
  const PropertyRule& row = row_of(property.id);
  if (property.number < row.least || property.number > row.most) {
    in.fail(property.id == PropertyId::kTopicAlias ? Reason::kTopicAliasInvalid
                                                   : Reason::kProtocolError,
            valid_value(property.id));
  }
  if (property.id == PropertyId::kResponseTopic && in.ok() && !valid_topic(property.text)) {
    in.fail(Reason::kProtocolError, "the response topic is empty or has a wildcard");
  }
}

Property read_property(PacketReader& in, PropertyPlace place) {
  const std::uint32_t id = in.variable();
  Property property;
  if (id >= kTable.size() || kTable[id].type == Type::kNone) {
    in.fail(Reason::kMalformedPacket, "a property identifier is unknown");
    return property;
  }
  property.id = static_cast<PropertyId>(id);
  const PropertyRule& row = kTable[id];
  if (((row.places >> static_cast<unsigned>(place)) & 1U) == 0) {
    in.fail(Reason::kMalformedPacket, "a property stands in a packet that may not carry it");
  }
  switch (row.type) {
    case Type::kByte:
      property.number = in.u8();
      break;
    case Type::kU16:
      property.number = in.u16();
      break;
    case Type::kU32:
      property.number = in.u32();
      break;
    case Type::kVariable:
      property.number = in.variable();
      break;
    case Type::kText:
      property.text = in.text();
      break;
    case Type::kBinary:
      property.text = in.binary();
      break;
    case Type::kPair:
      property.text = in.text();
      property.value = in.text();
      break;
    case Type::kNone:
      break;
  }
  if (in.ok()) check_value(in, property);
  return property;
}

std::size_t value_size(const Property& property) {
  switch (row_of(property.id).type) {
    case Type::kByte:
      return 1;
    case Type::kU16:
      return 2;
    case Type::kU32:
      return 4;
    case Type::kVariable:
      return variable_size(property.number);
    case Type::kText:
    case Type::kBinary:
      return 2 + property.text.size();
    case Type::kPair:
      return 4 + property.text.size() + property.value.size();
    case Type::kNone:
      break;
  }
  return 0;
}

std::size_t list_size(const Properties& properties) {
  std::size_t size = 0;
  for (const Property& property : properties.items()) size += 1 + value_size(property);
  return size;
}

void write_property(Writer& out, const Property& property) {
  out.u8(static_cast<std::uint32_t>(property.id));
  switch (row_of(property.id).type) {
    case Type::kByte:
      return out.u8(property.number);
    case Type::kU16:
      return out.u16(property.number);
    case Type::kU32:
      return out.u32(property.number);
    case Type::kVariable:
      return out.variable(property.number);
    case Type::kText:
    case Type::kBinary:
      return out.binary(property.text);
    case Type::kPair:
      out.text(property.text);
      return out.text(property.value);
    case Type::kNone:
      break;
  }
}

}  // namespace

const Property* Properties::find(PropertyId id) const {
  const auto found = std::ranges::find(items_, id, &Property::id);
  return found == items_.end() ? nullptr : &*found;
}

std::optional<std::uint32_t> Properties::number(PropertyId id) const {
  const Property* property = find(id);
  return property == nullptr ? std::nullopt : std::optional(property->number);
}

std::optional<std::string_view> Properties::text(PropertyId id) const {
  const Property* property = find(id);
  return property == nullptr ? std::nullopt : std::optional(property->text);
}

void Properties::remove(PropertyId id) {
  std::erase_if(items_, [id](const Property& property) { return property.id == id; });
}

Properties read_properties(PacketReader& in, PropertyPlace place) {
  Properties properties;
  PacketReader list(in.take(in.variable()));
  std::bitset<kTable.size()> seen;
  std::size_t count = 0;
  while (list.ok() && !list.empty()) {
    const Property property = read_property(list, place);
    const auto index = static_cast<std::size_t>(property.id);
    if (seen.test(index) && !may_repeat(property.id, place)) {
      list.fail(Reason::kProtocolError, "a property stands twice in a packet");
    }
    if (++count > in.most_properties()) {
      list.fail(Reason::kQuotaExceeded, "a packet has too many properties");
    }
    seen.set(index);
    if (!list.ok()) break;
    switch (row_of(property.id).type) {
      case Type::kPair:
        properties.add_user(property.text, property.value);
        break;
      case Type::kText:
      case Type::kBinary:
        properties.add(property.id, property.text);
        break;
      default:
        properties.add(property.id, property.number);
    }
  }
  if (!list.ok()) in.fail(list.violation().reason, list.violation().detail);
  if (properties.has(PropertyId::kAuthenticationData) &&
      !properties.has(PropertyId::kAuthenticationMethod)) {
    in.fail(Reason::kProtocolError, "authentication data without an authentication method");
  }
  return properties;
}

void write_properties(Writer& out, const Properties& properties) {
  out.variable(list_size(properties));
  for (const Property& property : properties.items()) write_property(out, property);
}

std::size_t written_size(const Properties& properties) {
  const std::size_t size = list_size(properties);
  return variable_size(size) + size;
}

}  // namespace gridloom::wire::mqtt
