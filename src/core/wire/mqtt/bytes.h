// Reads and writes MQTT's primitive types: big-endian integers, variable-length integers,
// length-prefixed text and binary.
//
// A PacketReader stores its first violation and returns zeros from then on, so that a decoder needs
// no branch at every field and checks ok() once at the end. A PacketReader never reads past its
// bytes. The views it returns point into the bytes it was given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "wire/mqtt/protocol.h"
#include "wire/mqtt/topic.h"

namespace gridloom::wire::mqtt {

class PacketReader {
 public:
  explicit PacketReader(std::string_view bytes, std::size_t most_properties = kMaxProperties)
      : rest_(bytes), most_properties_(most_properties) {}

  [[nodiscard]] bool ok() const { return !violation_; }
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::size_t size() const { return rest_.size(); }
  // The greatest number of properties allowed in the packet that is read.
  [[nodiscard]] std::size_t most_properties() const { return most_properties_; }
  // Requires !ok().
  [[nodiscard]] const Violation& violation() const { return *violation_; }

  void fail(Reason reason, std::string_view detail) {
    if (violation_) return;
    violation_ = Violation{.reason = reason, .detail = detail};
    rest_ = {};
  }

  std::string_view take(std::size_t count) {
    if (count > rest_.size()) {
      fail(Reason::kMalformedPacket, "a field ends beyond its packet");
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::string_view take_rest() { return take(rest_.size()); }

  std::uint8_t u8() { return static_cast<std::uint8_t>(integer<1>()); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(integer<2>()); }
  std::uint32_t u32() { return integer<4>(); }

  std::uint32_t variable() {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
      const std::uint32_t byte = u8();
      value |= (byte & 0x7FU) << shift;
      if ((byte & 0x80U) != 0) continue;
      if (byte == 0 && shift != 0) {
        fail(Reason::kMalformedPacket, "a variable-length integer has more bytes than it needs");
      }
      return value;
    }
    fail(Reason::kMalformedPacket, "a variable-length integer has more than four bytes");
    return 0;
  }

  std::string_view binary() { return take(u16()); }

  std::string_view text() {
    const std::string_view bytes = binary();
    if (valid_text(bytes)) return bytes;
    fail(Reason::kMalformedPacket, "a text is not UTF-8, or holds U+0000");
    return {};
  }

 private:
  template <std::size_t kBytes>
  std::uint32_t integer() {
    std::uint32_t value = 0;
    for (const char c : take(kBytes)) value = (value << 8U) | static_cast<unsigned char>(c);
    return value;
  }

  std::string_view rest_;
  std::size_t most_properties_;
  std::optional<Violation> violation_;
};

// Appends to a string that it does not own. A field too long for the format is a programming error
// and aborts the program: code that builds a packet from external text must have limited the text.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void u8(std::uint32_t value) { out_.push_back(static_cast<char>(value & 0xFFU)); }
  void u16(std::uint32_t value) {
    u8(value >> 8U);
    u8(value);
  }
  void u32(std::uint32_t value) {
    u16(value >> 16U);
    u16(value);
  }
  void variable(std::size_t value) {
    if (value > kMaxRemainingBytes) std::abort();
    do {
      const auto low = static_cast<std::uint32_t>(value & 0x7FU);
      value >>= 7U;
      u8(value != 0 ? low | 0x80U : low);
    } while (value != 0);
  }
  void raw(std::string_view bytes) { out_.append(bytes); }
  void binary(std::string_view bytes) {
    if (bytes.size() > kMaxTextBytes) std::abort();
    u16(static_cast<std::uint32_t>(bytes.size()));
    raw(bytes);
  }
  void text(std::string_view bytes) { binary(bytes); }

 private:
  std::string& out_;
};

[[nodiscard]] constexpr std::size_t variable_size(std::size_t value) {
  return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

}  // namespace gridloom::wire::mqtt
