#include "base/secret.h"

#include <sodium.h>

#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace gridloom {
namespace {

void ready() {
  static const bool initialised = sodium_init() >= 0;
  if (!initialised) throw std::runtime_error("libsodium found no source of random numbers");
}

// Shared by all copies of a Secret.
struct Kept {
  Kept() = default;
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() { wipe(text); }

  std::string text;
};

}  // namespace

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::string& text) noexcept {
  text.resize(text.capacity());  // allocates nothing
  sodium_memzero(text.data(), text.size());
  text.clear();
}

Secret::Secret(std::string text) {
  if (text.empty()) return;
  auto kept = std::make_shared<Kept>();
  kept->text.swap(text);
  wipe(text);  // a short text is stored in the object itself
  text_ = std::shared_ptr<const std::string>(kept, &kept->text);
}

const std::string& Secret::reveal() const {
  static const std::string kNone;
  return text_ == nullptr ? kNone : *text_;
}

std::string random_hex(std::size_t bytes) {
  ready();
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(2 * bytes, '0');
  for (char& c : text) c = kDigits[randombytes_uniform(16)];
  return text;
}

std::string random_key(std::size_t length) {
  ready();
  static constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string text(length, 'A');
  for (char& c : text) c = kLetters[randombytes_uniform(kLetters.size())];
  return text;
}

}  // namespace gridloom
