// A growing buffer for JSON text, which is reused from message to message: numbers and names are
// written in place. One thread at a time.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

#include "wire/json.h"

namespace gridloom::sim {

// The longest text of write_whole() and write_decimal(), in bytes.
inline constexpr std::size_t kNumberBytes = 24;

// Writes a number at `out`, which has room for kNumberBytes, and returns the end of its text.
[[nodiscard]] inline char* write_whole(char* out, std::int64_t value) {
  if (0 <= value && value < 10) {  // most flags and states
    *out = static_cast<char>('0' + value);
    return out + 1;
  }
  return std::to_chars(out, out + kNumberBytes, value).ptr;
}
// The same for mantissa / 10^decimals, without zeros at its end. `decimals` is at most 12.
[[nodiscard]] inline char* write_decimal(char* out, std::int64_t mantissa, unsigned decimals) {
  if (decimals == 0 || mantissa == 0) return write_whole(out, mantissa);
  if (mantissa < 0) {
    *out++ = '-';
    mantissa = -mantissa;
  }
  char* end = write_whole(out, mantissa);
  while (decimals > 0 && end[-1] == '0') {
    --end;
    --decimals;
  }
  if (decimals == 0) return end;
  const auto digits = static_cast<unsigned>(end - out);
  // Zeros before the mantissa's digits: 5 with two decimals is 0.05.
  const unsigned zeros = digits > decimals ? 0 : decimals - digits + 1;
  for (unsigned i = 1; i <= std::min(digits, decimals); ++i) *(end - i + zeros + 1) = *(end - i);
  if (zeros > 0) std::memset(out, '0', zeros + 1);
  end += zeros + 1;
  *(end - decimals - 1) = '.';
  return end;
}

class TextBuffer {
 public:
  void clear() { size_ = 0; }
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

  void append(char byte) {
    *room(1) = byte;
    ++size_;
  }
  void append(std::string_view text) {
    if (text.empty()) return;  // it may have no address
    std::memcpy(room(text.size()), text.data(), text.size());
    size_ += text.size();
  }
  // The same for a short text behind which kPadding more bytes can be read: they are copied too,
  // because a copy of a fixed size is fast.
  static constexpr std::size_t kPadding = 32;
  void append_padded(std::string_view text) {
    char* const out = room(text.size() + kPadding);
    std::memcpy(out, text.data(), kPadding);
    if (text.size() > kPadding) {
      std::memcpy(out + kPadding, text.data() + kPadding, text.size() - kPadding);
    }
    size_ += text.size();
  }
  void append_whole(std::int64_t value) {
    char* const out = room(kNumberBytes);
    size_ += static_cast<std::size_t>(write_whole(out, value) - out);
  }
  void append_decimal(std::int64_t mantissa, unsigned decimals) {
    char* const out = room(kNumberBytes);
    size_ += static_cast<std::size_t>(write_decimal(out, mantissa, decimals) - out);
  }
  // As a JSON string.
  void append_quoted(std::string_view text) {
    const auto is_plain = [](char c) {
      return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
    };
    if (std::ranges::all_of(text, is_plain)) {
      append('"');
      append(text);
      return append('"');
    }
    std::string quoted;
    wire::append_quoted(quoted, text);
    append(quoted);
  }

 private:
  // Where `count` bytes can be written.
  [[nodiscard]] char* room(std::size_t count) {
    if (bytes_.size() - size_ < count) bytes_.resize(2 * bytes_.size() + count + kFirstBytes);
    return bytes_.data() + size_;
  }

  static constexpr std::size_t kFirstBytes = 1024;
  std::vector<char> bytes_;  // all that can be written without an allocation
  std::size_t size_ = 0;
};

// An empty buffer of this thread, for one text at a time.
[[nodiscard]] inline TextBuffer& empty_buffer() {
  static thread_local TextBuffer of_this_thread;
  of_this_thread.clear();
  return of_this_thread;
}

}  // namespace gridloom::sim
