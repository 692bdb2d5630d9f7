// A value of a device's field as history keeps it: a decimal number, exactly as it was written, or
// any other JSON text (strings with their quotes, true, null, arrays and objects whole).
//
// Doubles are for answers alone: what a device wrote as 23.0 stays 23.0, and sums do not drift.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridloom::history {

// digits / 10^scale: "-12.50" is {-1250, 2}.
struct Decimal {
  static constexpr std::uint8_t kMostScale = 18;

  std::int64_t digits = 0;
  std::uint8_t scale = 0;

  friend bool operator==(const Decimal&, const Decimal&) = default;  // as written: 1.0 is not 1
};

// None: not a JSON number that text_of() would give back byte by byte ("1e3", "-0", "1.", too
// long).
[[nodiscard]] std::optional<Decimal> decimal_of(std::string_view json);
[[nodiscard]] std::string text_of(const Decimal& number);
[[nodiscard]] double to_double(const Decimal& number);
// Without the zeros at its end: 12.50 is 12.5, 0.00 is 0.
[[nodiscard]] Decimal reduced(Decimal number);

// Trivial: the text belongs to whoever gave it.
struct Value {
  bool is_number = false;
  Decimal number{};
  std::string_view text{};  // if it is no number

  friend bool operator==(const Value&, const Value&) = default;
};

[[nodiscard]] Value value_of(std::string_view json);
[[nodiscard]] std::string text_of(const Value& value);

}  // namespace gridloom::history
