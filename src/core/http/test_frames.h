// WebSocket frames as a client writes and reads them, implemented independently of
// http/web_socket_frames.h; and an inner protocol that echoes its input.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/protocol.h"

namespace gridloom::http {

inline constexpr std::uint8_t kContinuation = 0;
inline constexpr std::uint8_t kText = 1;
inline constexpr std::uint8_t kBinary = 2;
inline constexpr std::uint8_t kClose = 8;
inline constexpr std::uint8_t kPing = 9;
inline constexpr std::uint8_t kPong = 10;

struct Frame {
  std::uint8_t opcode = kBinary;
  std::string payload = {};
  std::uint8_t fin = 1;
  std::uint8_t rsv = 0;

  friend bool operator==(const Frame&, const Frame&) = default;
};

inline std::string close_payload(std::uint16_t code, std::string_view why = {}) {
  std::string payload = {static_cast<char>(code >> 8U), static_cast<char>(code & 0xffU)};
  return payload.append(why);
}

// The bytes of a frame as a client sends it: masked.
inline std::string bytes_of(const Frame& frame) {
  constexpr std::string_view kMask("\x12\xf4\x00\x5a", 4);
  std::string bytes;
  const auto put = [&bytes](std::uint64_t byte) { bytes += static_cast<char>(byte & 0xffU); };
  put(std::uint64_t{frame.fin} << 7U | std::uint64_t{frame.rsv} << 4U | frame.opcode);
  const std::uint64_t size = frame.payload.size();
  const unsigned length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  put(0x80U | (length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127));
  for (unsigned i = length_bytes; i > 0; --i) put(size >> (8 * (i - 1)));
  bytes += kMask;
  for (std::size_t i = 0; i < frame.payload.size(); ++i) {
    bytes += static_cast<char>(frame.payload[i] ^ kMask[i % 4]);
  }
  return bytes;
}

// The frames that a server sent; empty unless the bytes are a whole number of unmasked frames.
inline std::optional<std::vector<Frame>> frames_in(std::string_view bytes) {
  std::vector<Frame> frames;
  const auto byte = [&bytes](std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); };
  while (!bytes.empty()) {
    if (bytes.size() < 2 || (byte(1) & 0x80U) != 0) return std::nullopt;
    std::uint64_t size = byte(1);
    const std::size_t length_bytes = size < 126 ? 0 : size == 126 ? 2 : 8;
    if (bytes.size() < 2 + length_bytes) return std::nullopt;
    if (length_bytes > 0) size = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) size = size << 8U | byte(2 + i);
    Frame frame{.opcode = static_cast<std::uint8_t>(byte(0) & 0xfU),
                .fin = static_cast<std::uint8_t>(byte(0) >> 7U),
                .rsv = static_cast<std::uint8_t>(byte(0) >> 4U & 7U)};
    bytes.remove_prefix(2 + length_bytes);
    if (bytes.size() < size) return std::nullopt;
    frame.payload = bytes.substr(0, size);
    bytes.remove_prefix(size);
    frames.push_back(std::move(frame));
  }
  return frames;
}

// The payload of all data frames, and all other frames in order.
struct Said {
  std::string data;
  std::vector<Frame> control;
};
inline std::optional<Said> said_in(std::string_view bytes) {
  const auto frames = frames_in(bytes);
  if (!frames) return std::nullopt;
  Said said;
  for (const Frame& frame : *frames) {
    if (frame.opcode == kBinary) {
      said.data += frame.payload;
    } else {
      said.control.push_back(frame);
    }
  }
  return said;
}

// Echoes its input up to and including a dot, then finishes.
class Echo final : public net::Protocol {
 public:
  void receive(std::string_view bytes, TimePoint /*now*/) override {
    for (const char c : bytes) {
      if (finished_) return;
      heard += c;
      out += c;
      finished_ = c == '.';
    }
  }
  void take_output(std::string& to) override {
    to += out;
    out.clear();
    ++taken;
  }
  [[nodiscard]] bool has_output() const override { return !out.empty() || finished_; }
  [[nodiscard]] bool finished() const override { return finished_; }
  [[nodiscard]] std::int64_t account() const override { return 0; }
  [[nodiscard]] std::size_t kept_bytes() const override { return 0; }
  [[nodiscard]] bool wants_input() const override { return wants && !finished_; }
  void tick(TimePoint now) override { ticked = now; }
  void server_stops() override {
    out += "bye";
    finished_ = true;
  }
  void lost() override { ++lost_calls; }

  std::string heard;
  std::string out;
  int taken = 0;
  int lost_calls = 0;
  bool wants = true;
  TimePoint ticked{};

 private:
  bool finished_ = false;
};

}  // namespace gridloom::http
