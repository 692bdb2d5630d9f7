// The small change of the language: words, numbers and spans of time in a line's text. Pure.
#pragma once

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

}  // namespace gridloom::transcripts
