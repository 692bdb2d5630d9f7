#include "base/printable.h"

#include <algorithm>
#include <array>
#include <bit>

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

}  // namespace gridloom
