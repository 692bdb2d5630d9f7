// The products of the vendor, by how their serial numbers begin: data of devices/products.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridloom::catalog {

// Why no family serves a product.
enum class Unserved : std::uint8_t {
  kRefused,          // the platform answers 1006
  kAppChannel,       // only the vendor's app gets its values
  kThroughHost,      // its values come with those of another device
  kFirstGeneration,  // made before there was an open interface
  kNoValues,         // the platform lists it without values
  kNotDocumented,    // nobody has published what it reports
};
inline constexpr std::array<Unserved, 6> kUnserved = {
    Unserved::kRefused,         Unserved::kAppChannel, Unserved::kThroughHost,
    Unserved::kFirstGeneration, Unserved::kNoValues,   Unserved::kNotDocumented};
[[nodiscard]] constexpr std::string_view name_of(Unserved reason) {
  switch (reason) {
    case Unserved::kRefused:
      return "refused";
    case Unserved::kAppChannel:
      return "app_channel";
    case Unserved::kThroughHost:
      return "through_host";
    case Unserved::kFirstGeneration:
      return "first_generation";
    case Unserved::kNoValues:
      return "no_values";
    case Unserved::kNotDocumented:
      break;
  }
  return "not_documented";
}
// For people, to stand behind "no family serves it: ".
[[nodiscard]] std::string_view text_of(Unserved reason);

struct Product {
  std::string prefix;                // serial numbers begin with it
  std::string name;                  // "DELTA 2 Max"
  std::string family;                // id of the family that serves it; empty: none does
  std::optional<Unserved> unserved;  // why none does
  std::string host;    // id of the family whose devices report its values; empty for most
  std::string note;    // its size, or what else tells it from others of the name
  std::string source;  // words of the file's sources, with commas
};

}  // namespace gridloom::catalog
