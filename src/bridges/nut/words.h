// A line of the protocol as words, and words as a line. A word with blanks, quotes or backslashes
// stands in quotes, with a backslash before quotes and backslashes. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom::bridges::nut {

inline constexpr std::size_t kMaxLine = 1024;
inline constexpr std::size_t kMaxWords = 16;

// The words of a line without its end. Nothing: a quote is not closed, or there are too many words.
[[nodiscard]] std::optional<std::vector<std::string>> words_of(std::string_view line);
// The text as one word, in quotes; characters that would end a line are replaced.
[[nodiscard]] std::string quoted_word(std::string_view text);

}  // namespace gridloom::bridges::nut
