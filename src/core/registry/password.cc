#include "registry/password.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/ascii.h"
#include "base/printable.h"
#include "registry/rules.h"

namespace gridloom::registry {
namespace {

constexpr unsigned long long kPasses = 3;

constexpr std::size_t kLeastDifferent = 5;  // bytes

constexpr auto kRows = std::to_array<std::string_view>(
    {"qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "1234567890"});
// Lists of stolen passwords contain these words, or people call this system by them.
constexpr auto kCommon = std::to_array<std::string_view>(
    {"password",      "passwort", "passw0rd", "p@ssword", "p@ssw0rd",   "motdepasse",
     "contraseña",    "letmein",  "iloveyou", "welcome",  "willkommen", "admin",
     "administrator", "changeme", "secret",   "geheim",   "qwerty",     "qwertz",
     "azerty",        "dragon",   "monkey",   "football", "baseball",   "sunshine",
     "princess",      "superman", "master",   "login",    "gridloom",   "ecoflow"});

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }

// Whether `next` follows on `c` where fingers or the alphabet continue, in either direction.
bool follows(char c, char next) {
  if (next - c == 1 || c - next == 1 || c == next) return true;
  return std::ranges::any_of(kRows, [&](std::string_view row) {
    const std::size_t at = row.find(c);
    if (at == std::string_view::npos) return false;
    return (at + 1 < row.size() && row[at + 1] == next) || (at > 0 && row[at - 1] == next);
  });
}

// Whether nearly every character follows on the one before: 1234567890, abcdefghij, qwertyuiop.
bool is_sequence(std::string_view text) {
  std::size_t steps = 0;
  for (std::size_t i = 1; i < text.size(); ++i) steps += follows(text[i - 1], text[i]) ? 1 : 0;
  return steps * 4 >= (text.size() - 1) * 3;
}

// Whether the whole text is a shorter one, again and again.
bool is_repetition(std::string_view text) {
  for (std::size_t length = 1; length <= text.size() / 2; ++length) {
    if (length < kPasswordMinCharacters &&
        text.substr(length) == text.substr(0, text.size() - length))
      return true;
  }
  return false;
}

// Whether the text is a common word with digits and signs around it.
bool is_common(std::string_view text) {
  while (!text.empty() && !is_letter(text.front())) text.remove_prefix(1);
  while (!text.empty() && !is_letter(text.back())) text.remove_suffix(1);
  return std::ranges::find(kCommon, text) != kCommon.end();
}

std::string_view weakness(std::string_view password) {
  std::string text(password);
  std::ranges::transform(text, text.begin(), lower);
  std::string different = text;
  std::ranges::sort(different);
  different.erase(std::ranges::unique(different).begin(), different.end());
  if (different.size() < kLeastDifferent) return "has too few different characters";
  if (is_repetition(text)) return "repeats a shorter one";
  if (is_sequence(text)) return "is a sequence";
  if (is_common(text)) return "is a common word";
  return {};
}

}  // namespace

Status check_password(std::string_view password) {
  if (characters(password) < kPasswordMinCharacters || password.size() > kPasswordMaxBytes) {
    return fail(ErrorCode::kBadParams, fmt::format("a password has {} characters to {} bytes",
                                                   kPasswordMinCharacters, kPasswordMaxBytes));
  }
  const std::string_view weak = weakness(password);
  if (weak.empty()) return {};
  return fail(ErrorCode::kBadParams,
              fmt::format("the password {}, so it is guessed early; take a few words that do not "
                          "belong together",
                          weak));
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
