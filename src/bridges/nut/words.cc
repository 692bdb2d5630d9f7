#include "bridges/nut/words.h"

#include "base/printable.h"

namespace gridloom::bridges::nut {

std::optional<std::vector<std::string>> words_of(std::string_view line) {
  std::vector<std::string> words;
  bool in_quotes = false;
  bool in_word = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char each = line[i];
    if (!in_quotes && (each == ' ' || each == '\t' || each == '\r')) {
      in_word = false;
      continue;
    }
    if (!in_word) {
      if (words.size() == kMaxWords) return std::nullopt;
      words.emplace_back();
      in_word = true;
    }
    if (each == '"') {
      in_quotes = !in_quotes;
    } else if (each == '\\' && i + 1 < line.size()) {
      words.back() += line[++i];
    } else {
      words.back() += each;
    }
  }
  return in_quotes ? std::nullopt : std::optional(std::move(words));
}

std::string quoted_word(std::string_view text) {
  std::string word = "\"";
  for (const char each : printable(text)) {
    if (each == '"' || each == '\\') word += '\\';
    word += each;
  }
  return word += '"';
}

}  // namespace gridloom::bridges::nut
