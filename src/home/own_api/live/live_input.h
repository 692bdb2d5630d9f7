// The messages of a client of the live stream: as its bytes come, and the members of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/json.h"

namespace gridloom::api {

// A message is a line. Belongs to the loop
// of its connection.
class LiveInput {
 public:
  static constexpr std::size_t kLineBytes = std::size_t{16} * 1024;  // of a message

  void add(std::string_view bytes) {
    const std::size_t before = bytes_.size();
    bytes_ += bytes;
    if (!has_line()) end_ = bytes_.find('\n', before);
  }
  // A whole message waits.
  [[nodiscard]] bool has_line() const { return end_ != std::string::npos; }
  // The next message is longer than kLineBytes, whether it is whole or not.
  [[nodiscard]] bool is_too_long() const {
    return (has_line() ? end_ : bytes_.size()) - taken_ > kLineBytes;
  }
  // Takes the next message, without the line's end; only if has_line(). Valid until one of the
  // functions below.
  [[nodiscard]] std::string_view take() {
    const std::string_view line = std::string_view(bytes_).substr(taken_, end_ - taken_);
    taken_ = end_ + 1;
    end_ = bytes_.find('\n', taken_);
    return line;
  }
  // Frees what was taken; a client that is silent holds no buffer.
  void free_taken() {
    bytes_.erase(0, taken_);
    if (has_line()) end_ -= taken_;
    taken_ = 0;
    if (bytes_.empty()) std::string().swap(bytes_);
  }
  void clear() { *this = {}; }

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

 private:
  std::string bytes_;
  std::size_t taken_ = 0;                // bytes of messages that were taken
  std::size_t end_ = std::string::npos;  // of the next message
};

// The member of a message. Empty: it has none that is a text.
[[nodiscard]] inline std::string_view text_in(const wire::JsonObject& message,
                                              std::string_view key) {
  const wire::Json* value = message.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                : std::string_view();
}

// Nothing: it has none that is a whole number.
[[nodiscard]] inline std::optional<std::int64_t> number_in(const wire::JsonObject& message,
                                                           std::string_view key) {
  const wire::Json* value = message.if_contains(key);
  if (value == nullptr || !wire::is_whole(*value)) return std::nullopt;
  return wire::whole(*value);
}

}  // namespace gridloom::api
