// Names of single numbers inside of array fields: "loadInfo.hall1Watt[3]" is the fourth element of
// loadInfo.hall1Watt. Formulas and feeds of physics use them.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace gridloom::catalog {

struct ElementName {
  std::string_view field;
  std::int16_t element = 0;  // from 0
};

inline constexpr std::int16_t kMaxElement = 999;

// Nothing: the name is that of a field as a whole, or has no number of an element.
[[nodiscard]] inline std::optional<ElementName> element_name(std::string_view name) {
  const std::size_t open = name.rfind('[');
  if (!name.ends_with(']') || open == std::string_view::npos || open == 0) return std::nullopt;
  const char* const last = name.data() + name.size() - 1;
  ElementName made{.field = name.substr(0, open)};
  const auto [end, error] = std::from_chars(name.data() + open + 1, last, made.element);
  const bool is_number = error == std::errc{} && end == last && made.element >= 0;
  return is_number && made.element <= kMaxElement ? std::optional(made) : std::nullopt;
}

}  // namespace gridloom::catalog
