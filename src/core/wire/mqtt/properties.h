// The properties of a version 5 packet: a short list of (identifier, value), as on the wire.
//
// A table in the .cc defines every property's type, the packets that may contain it, whether it may
// repeat and its valid values; decoding checks all of that. The list holds views: into the decoded
// bytes, or into texts that the encoder's caller keeps alive. An empty list allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "wire/mqtt/bytes.h"
#include "wire/mqtt/protocol.h"

namespace gridloom::wire::mqtt {

struct Property {
  PropertyId id = PropertyId::kUserProperty;
  std::uint32_t number = 0;  // integers of every width
  std::string_view text;     // text and binary; a user property's name
  std::string_view value;    // a user property's value

  friend bool operator==(const Property&, const Property&) = default;
};

class Properties {
 public:
  void add(PropertyId id, std::uint32_t number) { items_.push_back({id, number, {}, {}}); }
  void add(PropertyId id, std::string_view text) { items_.push_back({id, 0, text, {}}); }
  void add_user(std::string_view name, std::string_view value) {
    items_.push_back({PropertyId::kUserProperty, 0, name, value});
  }
  void remove(PropertyId id);

  // The first property with this identifier, if there is one. The identifier decides whether its
  // value is a number or a text.
  [[nodiscard]] std::optional<std::uint32_t> number(PropertyId id) const;
  [[nodiscard]] std::optional<std::string_view> text(PropertyId id) const;
  [[nodiscard]] bool has(PropertyId id) const { return find(id) != nullptr; }

  [[nodiscard]] const std::vector<Property>& items() const { return items_; }
  [[nodiscard]] bool empty() const { return items_.empty(); }

  friend bool operator==(const Properties&, const Properties&) = default;

 private:
  [[nodiscard]] const Property* find(PropertyId id) const;

  std::vector<Property> items_;
};

// The place of a list of properties: a packet, or the will of a CONNECT.
enum class PropertyPlace : std::uint8_t {
  kWill = 0,
  kConnect = static_cast<std::uint8_t>(PacketType::kConnect),
  kAuth = static_cast<std::uint8_t>(PacketType::kAuth),
};
[[nodiscard]] constexpr PropertyPlace place_of(PacketType type) {
  return static_cast<PropertyPlace>(type);
}

// Reads the length and the list; a violation is stored in the reader.
[[nodiscard]] Properties read_properties(PacketReader& in, PropertyPlace place);

void write_properties(Writer& out, const Properties& properties);
// The number of bytes that write_properties() adds, including the length field.
[[nodiscard]] std::size_t written_size(const Properties& properties);

}  // namespace gridloom::wire::mqtt
