// A Secret never reaches a log by accident: it prints as ***, and compares in constant time.
//
// Copies of a Secret share one text in memory, which is overwritten when the last of them goes.
// Any thread may read and copy; assigning to one object is for one thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace gridloom {

// Constant time in the content, not in the length: lengths of our secrets are no secret.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

// Overwrites all memory that the string has allocated, and empties it. No optimizer leaves that
// out.
void wipe(std::string& text) noexcept;

class Secret {
 public:
  Secret() = default;
  // Wipes what `text` itself still holds; copies that the caller made before are the caller's.
  explicit Secret(std::string text);

  // The only access to the text; grep for it to find all uses. The text lives as long as any copy
  // of the Secret.
  [[nodiscard]] const std::string& reveal() const;
  [[nodiscard]] bool empty() const { return text_ == nullptr; }
  [[nodiscard]] bool matches(std::string_view candidate) const {
    return equal_in_constant_time(reveal(), candidate);
  }
  // Copies of one secret share its text, which need not be compared then.
  [[nodiscard]] bool matches(const Secret& other) const {
    return text_ == other.text_ || matches(other.reveal());
  }

 private:
  std::shared_ptr<const std::string> text_;  // nullptr: the empty secret
};

// 2 * bytes hex digits from the operating system's generator.
[[nodiscard]] std::string random_hex(std::size_t bytes);
// `length` letters and digits, as the vendor's access and secret keys look.
[[nodiscard]] std::string random_key(std::size_t length);

}  // namespace gridloom
