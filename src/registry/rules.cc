// Pure checks of text from outside.
#include "registry/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string>

namespace gridloom::registry {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool consists_of(std::string_view text, std::string_view punctuation) {
  return std::ranges::all_of(
      text, [punctuation](char c) { return is_letter_or_digit(c) || punctuation.contains(c); });
}

// Takes one character off the front of UTF-8 text; nothing when it is no valid UTF-8.
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

// Control characters, and what reorders or hides the text around it.
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
  if ((c & 0xfffeU) == 0xfffeU) return false;  // U+FFFE, U+FFFF and their like are no characters
  return std::ranges::none_of(kHidden, [c](const Range& r) { return c >= r.first && c <= r.last; });
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::string_view before = text;
    const std::optional<char32_t> character = take_character(text);
    if (!character) text = before.substr(1);
    const bool is_layout = character == U'\n' || character == U'\t';
    if (character && (is_layout || is_printable(*character))) {
      out += before.substr(0, before.size() - text.size());
    } else {
      out += '?';
    }
  }
  return out;
}

Status check_name(std::string_view name, std::string_view whose) {
  const auto refuse = [whose](std::string_view found) {
    return fail(FaultKind::kBadParams, fmt::format("{} has 1 to {} printable characters: {}", whose,
                                                   kNameMaxCharacters, found));
  };
  if (name.empty()) return refuse("this one is empty");
  std::size_t characters = 0;
  for (std::string_view rest = name; !rest.empty(); ++characters) {
    const std::size_t at = name.size() - rest.size();
    if (characters == kNameMaxCharacters) return refuse("this one is longer");
    const std::optional<char32_t> character = take_character(rest);
    if (!character) return refuse(fmt::format("byte {} of this one is not UTF-8", at));
    if (!is_printable(*character)) {
      return refuse(fmt::format("this one has U+{:04X} at byte {}",
                                static_cast<std::uint32_t>(*character), at));
    }
  }
  if (name.front() == ' ' || name.back() == ' ') return refuse("a space may not be at an end");
  return {};
}

Status check_sn(std::string_view sn) {
  if (!sn.empty() && sn.size() <= kSnMaxBytes && consists_of(sn, "._-") && sn != "." &&
      sn != "..") {
    return {};
  }
  return fail(
      FaultKind::kBadParams,
      fmt::format("a serial number has 1 to {} characters of A-Z a-z 0-9 . _ -", kSnMaxBytes));
}

Status check_access_key(std::string_view access_key) {
  if (access_key.size() >= kAccessKeyMinBytes && access_key.size() <= kAccessKeyMaxBytes &&
      consists_of(access_key, "_-")) {
    return {};
  }
  return fail(FaultKind::kBadParams,
              fmt::format("an access key has {} to {} characters of A-Z a-z 0-9 _ -",
                          kAccessKeyMinBytes, kAccessKeyMaxBytes));
}

Status check_secret(std::string_view secret, std::string_view whose, std::size_t least) {
  if (secret.size() >= least && secret.size() <= kSecretMaxBytes &&
      std::ranges::all_of(secret, [](char c) { return c > ' ' && c <= '~'; })) {
    return {};
  }
  return fail(FaultKind::kBadParams,
              fmt::format("{} has {} to {} visible ASCII characters, without spaces", whose, least,
                          kSecretMaxBytes));
}

}  // namespace gridloom::registry
