// Byte encoding of numbers for what is stored and for messages to shards: little-endian, varints
// of seven bits per byte, zigzag for signed numbers. A Cursor decodes untrusted bytes.
//
// Functions that run for each sample are defined inline, so that they are compiled into the loops
// of their callers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/value.h"

namespace gridloom {

inline constexpr std::size_t kLongestVarint = 10;
// Precedes a text value; a number is preceded by its scale instead.
inline constexpr std::uint8_t kTextFollows = 0x20;
// Maximum encoded size of a number.
inline constexpr std::size_t kLongestNumber = 1 + kLongestVarint;

[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ (value < 0 ? ~std::uint64_t{0} : 0);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t bits) {
  return static_cast<std::int64_t>((bits >> 1U) ^ (~(bits & 1U) + 1U));
}
// a - b and a + b without overflow, modulo 2^64: wrapping_sum(b, wrapping_difference(a, b)) is a
// for any a and b.
[[nodiscard]] constexpr std::int64_t wrapping_difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
[[nodiscard]] constexpr std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// Writes to a buffer with room for kLongestVarint (put_number: kLongestNumber) bytes; returns the
// end of the written bytes.
inline char* put_varint(char* to, std::uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7U;
  }
  *to++ = static_cast<char>(value);
  return to;
}
inline char* put_number(char* to, const Decimal& number) {
  *to++ = static_cast<char>(number.scale);
  return put_varint(to, zigzag(number.digits));
}

// Appends the bytes from `begin` to `end`. string::append() of two pointers is slower.
inline void append_until(std::string& out, const char* begin, const char* end) {
  out.append(begin, static_cast<std::size_t>(end - begin));
}

void append_varint(std::string& out, std::uint64_t value);
void append_signed(std::string& out, std::int64_t value);  // zigzag varint
void append_fixed32(std::string& out, std::uint32_t value);
void append_fixed64(std::string& out, std::uint64_t value);
void append_text(std::string& out, std::string_view text);  // its length, then its bytes
void append_value(std::string& out, const Value& value);

// Reads from `bytes`. After the first read that does not fit, failed() is true and every read
// returns zero or empty. Views point into `bytes`.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] std::uint64_t varint() {
    if (rest_.empty() || static_cast<std::uint8_t>(rest_.front()) >= 0x80) return long_varint();
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  [[nodiscard]] std::int64_t signed_varint() { return unzigzag(varint()); }
  [[nodiscard]] std::uint32_t fixed32();
  [[nodiscard]] std::uint64_t fixed64();
  [[nodiscard]] std::string_view bytes(std::uint64_t size);
  [[nodiscard]] std::string_view text();
  [[nodiscard]] Value value() {
    if (rest_.empty() || static_cast<std::uint8_t>(rest_.front()) > Decimal::kMaxScale) {
      return text_value();
    }
    const auto scale = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return {.is_number = true, .number = {.digits = signed_varint(), .scale = scale}};
  }

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  void fail() {
    failed_ = true;
    rest_ = {};
  }

 private:
  [[nodiscard]] std::uint64_t long_varint();
  [[nodiscard]] Value text_value();

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace gridloom
