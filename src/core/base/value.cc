#include "base/value.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace gridloom {
namespace {

constexpr std::size_t kMaxDigits = 18;  // any number of 18 digits fits an int64

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::array<double, Decimal::kMaxScale + 1> kPowers = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

}  // namespace

std::optional<Decimal> decimal_of(std::string_view json) {
  std::string_view rest = json;
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  Decimal number;
  std::size_t digits = 0;
  bool point = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '.' && !point && i > 0) {
      point = true;
      continue;
    }
    if (!is_digit(rest[i]) || ++digits > kMaxDigits) return std::nullopt;
    number.digits = number.digits * 10 + (rest[i] - '0');
    if (point) ++number.scale;
  }
  const bool leading_zero = rest.size() > 1 && rest[0] == '0' && rest[1] != '.';
  if (digits == 0 || leading_zero || (point && number.scale == 0)) return std::nullopt;
  if (negative && number.digits == 0) return std::nullopt;  // the sign would be lost
  if (negative) number.digits = -number.digits;
  return number;
}

std::string text_of(const Decimal& number) {
  std::array<char, 24> buffer{};
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number.digits);
  std::string text(buffer.data(), end);
  if (number.scale == 0) return text;
  const std::size_t sign = number.digits < 0 ? 1 : 0;
  const std::size_t least = sign + number.scale + 1;
  if (text.size() < least) text.insert(sign, least - text.size(), '0');
  text.insert(text.size() - number.scale, 1, '.');
  return text;
}

double to_double(const Decimal& number) {
  return static_cast<double>(number.digits) /
         kPowers.at(std::min(number.scale, Decimal::kMaxScale));
}

Decimal reduced(Decimal number) {
  while (number.scale > 0 && number.digits % 10 == 0) {
    number.digits /= 10;
    --number.scale;
  }
  return number;
}

Value value_of(std::string_view json) {
  if (!json.empty() && (is_digit(json[0]) || json[0] == '-')) {
    if (const auto number = decimal_of(json)) return {.is_number = true, .number = *number};
  }
  return {.text = json};
}

std::string text_of(const Value& value) {
  return value.is_number ? text_of(value.number) : std::string(value.text);
}

}  // namespace gridloom
