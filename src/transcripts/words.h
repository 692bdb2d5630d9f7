// The small change of the language: words, numbers and spans of time in a line's text. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace gridloom::transcripts {

// Cuts the next word off, and the spaces around it; empty at the end.
[[nodiscard]] std::string take_word(std::string_view& rest);

// The whole text as a number that is not infinite.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

// "1500ms", "2s", "3min", "2h", "7d"; not negative.
[[nodiscard]] std::optional<Millis> parse_span(std::string_view text);

// Where a message speaks of the id of a set: <id> of the one that came last, <id-1> of the one
// before it, and so on.
struct IdHole {
  std::size_t at = 0;
  std::size_t size = 0;
  std::size_t back = 0;
};
[[nodiscard]] std::optional<IdHole> find_id(std::string_view payload);

}  // namespace gridloom::transcripts
