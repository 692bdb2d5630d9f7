#include "registry/password.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <string>

#include "registry/rules.h"

namespace gridloom::registry {
namespace {

constexpr unsigned long long kPasses = 3;

// Characters of UTF-8: bytes that do not continue one.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

Status check_password(std::string_view password) {
  if (characters(password) >= kPasswordMinCharacters && password.size() <= kPasswordMaxBytes) {
    return {};
  }
  return fail(ErrorCode::kBadParams, fmt::format("a password has {} characters to {} bytes",
                                                 kPasswordMinCharacters, kPasswordMaxBytes));
}

Result<Secret> hash_password(std::string_view password) {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (sodium_init() < 0 || crypto_pwhash_str(text.data(), password.data(), password.size(), kPasses,
                                             kPasswordMemory) != 0) {
    return fail(ErrorCode::kIo, "there is no memory to hash a password");
  }
  Secret hash{std::string(text.data())};
  sodium_memzero(text.data(), text.size());
  return hash;
}

bool password_matches(const Secret& hash, std::string_view password) {
  static const Secret kNobody = hash_password("nobody has this password").value_or(Secret());
  const std::string& text = hash.empty() ? kNobody.reveal() : hash.reveal();
  const bool fits = crypto_pwhash_str_verify(text.c_str(), password.data(), password.size()) == 0;
  return fits && !hash.empty();
}

}  // namespace gridloom::registry
