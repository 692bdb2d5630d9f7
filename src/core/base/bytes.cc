#include "base/bytes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace gridloom {
namespace {

static_assert(std::endian::native == std::endian::little);

template <typename T>
void append_fixed(std::string& out, T value) {
  const auto bytes = std::bit_cast<std::array<char, sizeof(T)>>(value);
  out.append(bytes.data(), bytes.size());
}

template <typename T>
T fixed(std::string_view bytes) {
  T value = 0;
  if (bytes.size() == sizeof(T)) std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

}  // namespace

void append_varint(std::string& out, std::uint64_t value) {
  std::array<char, kLongestVarint> bytes;
  append_until(out, bytes.data(), put_varint(bytes.data(), value));
}

void append_signed(std::string& out, std::int64_t value) { append_varint(out, zigzag(value)); }

void append_fixed32(std::string& out, std::uint32_t value) { append_fixed(out, value); }
void append_fixed64(std::string& out, std::uint64_t value) { append_fixed(out, value); }

void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}

void append_value(std::string& out, const Value& value) {
  if (value.is_number) {
    std::array<char, kLongestNumber> bytes;
    append_until(out, bytes.data(), put_number(bytes.data(), value.number));
    return;
  }
  out.push_back(static_cast<char>(kTextFollows));
  append_text(out, value.text);
}

std::uint64_t Cursor::long_varint() {
  std::uint64_t value = 0;
  const std::size_t most = std::min(rest_.size(), kLongestVarint);
  for (std::size_t i = 0; i < most; ++i) {
    const auto byte = static_cast<std::uint8_t>(rest_[i]);
    const std::size_t shift = 7 * i;
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) {
      if (shift == 63 && byte > 1) break;  // more than 64 bits
      rest_.remove_prefix(i + 1);
      return value;
    }
  }
  fail();
  return 0;
}

std::string_view Cursor::bytes(std::uint64_t size) {
  if (size > rest_.size()) {
    fail();
    return {};
  }
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::uint32_t Cursor::fixed32() { return fixed<std::uint32_t>(bytes(4)); }
std::uint64_t Cursor::fixed64() { return fixed<std::uint64_t>(bytes(8)); }
std::string_view Cursor::text() { return bytes(varint()); }

Value Cursor::text_value() {
  if (!rest_.empty() && static_cast<std::uint8_t>(rest_.front()) == kTextFollows) {
    rest_.remove_prefix(1);
    return {.text = text()};
  }
  fail();
  return {};
}

}  // namespace gridloom
