// The languages in which the texts of device files can be had.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gridloom::catalog {

enum class Language : std::uint8_t { kEnglish, kGerman };

// "en" and "de", in the order of Language.
inline constexpr std::array<std::string_view, 2> kLanguageTags = {"en", "de"};

// Nothing: there is no such language.
[[nodiscard]] constexpr std::optional<Language> language_of(std::string_view tag) {
  for (std::size_t k = 0; k < kLanguageTags.size(); ++k) {
    if (kLanguageTags.at(k) == tag) return static_cast<Language>(k);
  }
  return std::nullopt;
}

}  // namespace gridloom::catalog
