// The messages of a client of the live stream as its bytes come: one is a line. Belongs to the loop
// of its connection.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gridloom::api {

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

}  // namespace gridloom::api
