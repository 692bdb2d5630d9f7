// A value of a device's field as it is stored: a decimal number, exactly as it was written, or any
// other JSON text (strings with their quotes, true, null, arrays and objects whole).
//
// Doubles are used only for answers: a value that a device wrote as 23.0 stays 23.0, and sums do
// not drift.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridloom {

// digits / 10^scale: "-12.50" is {-1250, 2}.
struct Decimal {
  static constexpr std::uint8_t kMaxScale = 18;

  std::int64_t digits = 0;
  std::uint8_t scale = 0;

  friend bool operator==(const Decimal&, const Decimal&) = default;  // as written: 1.0 is not 1
};

// Nothing: not a JSON number that text_of() would reproduce byte by byte ("1e3", "-0", "1.", too
// long).
[[nodiscard]] std::optional<Decimal> decimal_of(std::string_view json);
[[nodiscard]] std::string text_of(const Decimal& number);
[[nodiscard]] double to_double(const Decimal& number);
// The number without trailing zeros: 12.50 becomes 12.5, 0.00 becomes 0.
[[nodiscard]] Decimal reduced(Decimal number);

// A view: the text is owned by the caller that supplied it. Trivially copyable.
struct Value {
  bool is_number = false;
  Decimal number{};
  std::string_view text{};  // only if the value is not a number

  friend bool operator==(const Value&, const Value&) = default;
};

[[nodiscard]] Value value_of(std::string_view json);
[[nodiscard]] std::string text_of(const Value& value);

}  // namespace gridloom
