#include "base/secret.h"

#include <sodium.h>

#include <array>
#include <stdexcept>
#include <string_view>

namespace gridloom {
namespace {

void ready() {
  static const bool initialised = sodium_init() >= 0;
  if (!initialised) throw std::runtime_error("libsodium found no source of random numbers");
}

}  // namespace

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
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
