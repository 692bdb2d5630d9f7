// An immutable text, or any other bytes, whose copies share one buffer. The payload of a message is
// copied once, when it is received: all clients, queues and taps that get it afterwards hold the
// same bytes.
//
// Thread rule: any thread may read or copy a text that no thread assigns to.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace gridloom {

class SharedText {
 public:
  SharedText() = default;
  // A SharedText is made of any text without a cast, as a std::string is. A std::string that is
  // moved in, and a shared one, keep their buffer; views and literals are copied once.
  // NOLINTBEGIN(google-explicit-constructor)
  SharedText(std::string text) : SharedText(std::make_shared<const std::string>(std::move(text))) {}
  SharedText(std::string_view text) : size_(text.size()) {
    if (text.empty()) return;
    // NOLINTNEXTLINE(modernize-avoid-c-arrays): one allocation for the bytes and their count
    auto copy = std::make_shared_for_overwrite<char[]>(text.size());
    const char* const bytes = copy.get();
    std::ranges::copy(text, copy.get());
    bytes_ = std::shared_ptr<const char>(std::move(copy), bytes);
  }
  SharedText(const char* text) : SharedText(std::string_view(text)) {}
  SharedText(std::shared_ptr<const std::string> text) : size_(text->size()) {
    const char* const bytes = text->data();
    bytes_ = std::shared_ptr<const char>(std::move(text), bytes);
  }

  // Shares bytes that live as long as the program, without a copy.
  [[nodiscard]] static SharedText of_static(std::string_view bytes) {
    SharedText text;
    text.bytes_ = std::shared_ptr<const char>(std::shared_ptr<const char>(), bytes.data());
    text.size_ = bytes.size();
    return text;
  }

  operator std::string_view() const { return {bytes_.get(), size_}; }
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] const char* data() const { return bytes_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  friend bool operator==(const SharedText& a, const SharedText& b) {
    return std::string_view(a) == std::string_view(b);
  }
  template <typename Text>
    requires std::convertible_to<const Text&, std::string_view> && (!std::same_as<Text, SharedText>)
  friend bool operator==(const SharedText& a, const Text& b) {
    return std::string_view(a) == std::string_view(b);
  }

 private:
  std::shared_ptr<const char> bytes_;
  std::size_t size_ = 0;
};

}  // namespace gridloom
