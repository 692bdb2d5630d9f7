#include "base/redacted.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <mutex>
#include <set>

#include "base/ascii.h"
#include "base/printable.h"

namespace gridloom {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kShortestKey = 24;
constexpr std::size_t kLongestKey = 64;
constexpr std::size_t kShown = 4;  // which of several keys it was
constexpr std::size_t kLongestSerial = 16;
constexpr std::size_t kMostPublicWords = 4096;
// Half of a random key's letters are capitals; a name in camel case has one a word.
constexpr std::size_t kLettersPerCapital = 4;
constexpr std::array kSecretNames{"password"sv, "current"sv,   "link"sv,  "token"sv,
                                  "secret"sv,   "secretKey"sv, "cookie"sv};

constexpr bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_of_key(char c) { return is_digit(c) || is_capital(c) || (c >= 'a' && c <= 'z'); }

// Where the character begins that has the byte at `at`; `at` itself at the end of the text.
std::size_t character_at(std::string_view text, std::size_t at) {
  const auto goes_on = [&] { return (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U; };
  while (at > 0 && at < text.size() && goes_on()) --at;
  return at;
}

// Words that look like keys and are none.
struct PublicWords {
  std::mutex mutex;
  std::set<std::string, std::less<>> words;
};
PublicWords& public_words() {
  static PublicWords words;
  return words;
}

bool is_like_key(std::string_view word) {
  if (word.size() < kShortestKey) return false;
  const auto capitals = static_cast<std::size_t>(std::ranges::count_if(word, is_capital));
  return std::ranges::any_of(word, is_digit) || capitals * kLettersPerCapital >= word.size();
}

bool is_to_be_hidden(std::string_view word) {
  if (!is_like_key(word)) return false;
  PublicWords& known = public_words();
  const std::lock_guard lock(known.mutex);
  return !known.words.contains(word);
}

// The characters up to the first that no key has.
std::string_view first_word(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, is_of_key);
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

}  // namespace

void keep_when_redacting(std::string_view name) {
  while (!name.empty()) {
    const std::string_view word = first_word(name);
    name.remove_prefix(std::min(name.size(), word.size() + 1));
    if (!is_like_key(word)) continue;
    PublicWords& known = public_words();
    const std::lock_guard lock(known.mutex);
    if (known.words.size() < kMostPublicWords) known.words.emplace(word);
  }
}

std::string redacted(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::string_view word = first_word(text);
    text.remove_prefix(word.size());
    if (is_to_be_hidden(word)) {
      out.append(word.substr(0, kShown)).append("***");
    } else {
      out += word;
    }
    if (text.empty()) break;
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

std::string redacted_beginning(std::string_view text, std::size_t most) {
  std::size_t end = std::min(text.size(), most);
  // A key that is cut would no longer look like one.
  const std::size_t last = std::min(text.size(), end + kLongestKey);
  while (end > 0 && end < last && is_of_key(text[end])) ++end;
  std::string out = redacted(printable(text.substr(0, character_at(text, end))));
  if (out.size() > most) out.resize(character_at(out, most));
  return out;
}

std::string redacted_extract(std::string_view text, std::size_t most) {
  std::string out = redacted_beginning(text, most);
  return text.size() > most ? out += "..." : out;
}

std::string redacted_name(std::string_view name) {
  if (name.size() <= kLongestSerial) return redacted(name);
  return printable(name.substr(0, kShown)) + "***";
}

bool names_a_secret(std::string_view name) {
  return std::ranges::find(kSecretNames, name) != kSecretNames.end();
}

}  // namespace gridloom
