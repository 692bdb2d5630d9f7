// Pure checks of external text.
#include "registry/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "base/printable.h"

namespace gridloom::registry {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool consists_of(std::string_view text, std::string_view punctuation) {
  return std::ranges::all_of(
      text, [punctuation](char c) { return is_letter_or_digit(c) || punctuation.contains(c); });
}

// Whether the text is 1 to `most` bytes long and valid as a file name.
bool is_file_name(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most && consists_of(text, "._-") && text != "." &&
         text != "..";
}

}  // namespace

Status check_name(std::string_view name, std::string_view whose) {
  const auto refuse = [whose](std::string_view found) {
    return fail(ErrorCode::kBadParams, fmt::format("{} must have 1 to {} printable characters: {}",
                                                   whose, kNameMaxCharacters, found));
  };
  if (name.empty()) return refuse("it is empty");
  std::size_t characters = 0;
  for (std::string_view rest = name; !rest.empty(); ++characters) {
    const std::size_t at = name.size() - rest.size();
    if (characters == kNameMaxCharacters) return refuse("it is longer");
    const std::optional<char32_t> character = take_character(rest);
    if (!character) return refuse(fmt::format("byte {} is not UTF-8", at));
    if (!is_printable(*character)) {
      return refuse(
          fmt::format("it has U+{:04X} at byte {}", static_cast<std::uint32_t>(*character), at));
    }
  }
  if (name.front() == ' ' || name.back() == ' ') {
    return refuse("it must not begin or end with a space");
  }
  return {};
}

Status check_sn(std::string_view sn) {
  if (is_file_name(sn, kSnMaxBytes)) return {};
  return fail(ErrorCode::kBadParams,
              fmt::format("a serial number must have 1 to {} characters of A-Z a-z 0-9 . _ -",
                          kSnMaxBytes));
}

Status check_short_name(std::string_view name, std::string_view whose) {
  if (is_file_name(name, kShortNameMaxBytes)) return {};
  return fail(ErrorCode::kBadParams,
              fmt::format("{} must have 1 to {} characters of A-Z a-z 0-9 . _ -", whose,
                          kShortNameMaxBytes));
}

Status check_access_key(std::string_view access_key) {
  if (access_key.size() >= kAccessKeyMinBytes && access_key.size() <= kAccessKeyMaxBytes &&
      consists_of(access_key, "_-")) {
    return {};
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("an access key must have {} to {} characters of A-Z a-z 0-9 _ -",
                          kAccessKeyMinBytes, kAccessKeyMaxBytes));
}

Status check_secret(std::string_view secret, std::string_view whose, std::size_t least) {
  if (secret.size() >= least && secret.size() <= kSecretMaxBytes &&
      std::ranges::all_of(secret, [](char c) { return c > ' ' && c <= '~'; })) {
    return {};
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("{} must have {} to {} visible ASCII characters, without spaces", whose,
                          least, kSecretMaxBytes));
}

}  // namespace gridloom::registry
