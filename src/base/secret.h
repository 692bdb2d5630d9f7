// A Secret never reaches a log by accident: it prints as ***, and compares in constant time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace gridloom {

// Constant time in the content, not in the length: lengths of our secrets are no secret.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  // The one way to the text; grep for it to see who looks.
  [[nodiscard]] const std::string& reveal() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] bool matches(std::string_view candidate) const {
    return equal_in_constant_time(text_, candidate);
  }

 private:
  std::string text_;
};

// 2 * bytes hex digits from the operating system's generator.
[[nodiscard]] std::string random_hex(std::size_t bytes);
// `length` letters and digits, as the vendor's access and secret keys look.
[[nodiscard]] std::string random_key(std::size_t length);

}  // namespace gridloom
