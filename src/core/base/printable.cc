#include "base/printable.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <functional>
#include <mutex>
#include <set>

#include "base/ascii.h"

namespace gridloom {

std::optional<char32_t> take_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const auto ones = static_cast<std::size_t>(std::countl_one(first));
  if (ones == 1 || ones > 4 || text.size() < ones) return std::nullopt;
  const std::size_t length = std::max<std::size_t>(ones, 1);
  char32_t character = first & (0xffU >> (ones + 1));
  if (ones == 0) character = first;
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0U) != 0x80U) return std::nullopt;
    character = (character << 6U) | (next & 0x3fU);
  }
  static constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  if (character < kSmallest[length] || character > 0x10ffff) return std::nullopt;
  if (character >= 0xd800 && character <= 0xdfff) return std::nullopt;
  text.remove_prefix(length);
  return character;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    // Nearly all text is ASCII.
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      text.remove_prefix(1);
    } else if (!take_character(text)) {
      return false;
    }
  }
  return true;
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::size_t whole_characters(std::string_view text) {
  constexpr std::size_t kMaxMissing = 3;  // the last bytes of a character of four
  for (std::size_t back = 1; back <= std::min(text.size(), kMaxMissing); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0U) == 0x80U) continue;
    const bool is_whole = static_cast<std::size_t>(std::countl_one(byte)) <= back;
    return is_whole ? text.size() : text.size() - back;
  }
  return text.size();
}

bool is_printable(char32_t c) {
  struct Range {
    char32_t first;
    char32_t last;
  };
  static constexpr std::array<Range, 9> kHidden{{
      {0x00, 0x1f},
      {0x7f, 0x9f},
      {0xad, 0xad},
      {0x200b, 0x200b},
      {0x200e, 0x200f},
      {0x2028, 0x202e},
      {0x2060, 0x206f},
      {0xfeff, 0xfeff},
      {0xfff0, 0xfffb},
  }};
  if ((c & 0xfffeU) == 0xfffeU) return false;  // U+FFFE, U+FFFF and the like are noncharacters
  return std::ranges::none_of(kHidden, [c](const Range& r) { return c >= r.first && c <= r.last; });
}

std::string printable(std::string_view text, std::string_view kept) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::string_view before = text;
    const std::optional<char32_t> character = take_character(text);
    if (!character) text.remove_prefix(1);
    const std::string_view taken = before.substr(0, before.size() - text.size());
    const bool stays = character && (is_printable(*character) || kept.contains(taken));
    out += stays ? taken : "?";
  }
  return out;
}

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
