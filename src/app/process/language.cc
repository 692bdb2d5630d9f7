#include "app/process/language.h"

#include <cstdlib>

namespace gridloom::app {

using catalog::Language;

std::string& chosen_language() {
  static std::string chosen;
  return chosen;
}

Language language() {
  if (const auto chosen = catalog::language_of(chosen_language())) return *chosen;
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return std::string_view(value).starts_with("de") ? Language::kGerman : Language::kEnglish;
  }
  return Language::kEnglish;
}

std::string_view translated(Phrase phrase) {
  return language() == Language::kGerman ? phrase.german() : phrase.english();
}

std::string localized(std::string number) {
  if (language() == Language::kGerman) std::ranges::replace(number, '.', ',');
  return number;
}

}  // namespace gridloom::app
