// Parses words and numbers in a line of a transcript. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gridloom::transcripts {

// Removes the next word and the spaces around it from `rest`; empty at the end.
[[nodiscard]] std::string take_word(std::string_view& rest);

// Parses the whole text as a finite number.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

// A placeholder for the id of a set in a message: <id> is the last set received, <id-1> the one
// before, and so on.
struct IdHole {
  std::size_t at = 0;
  std::size_t size = 0;
  std::size_t back = 0;
};
[[nodiscard]] std::optional<IdHole> find_id(std::string_view payload);

}  // namespace gridloom::transcripts
