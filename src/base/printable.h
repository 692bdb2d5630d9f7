// What others wrote, or what was read from a damaged place, for a terminal or a line of a log.
// Everything here is pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gridloom {

// Takes one character off the front of UTF-8 text, which is not empty; nothing, and the text is as
// before, when it is no valid UTF-8.
[[nodiscard]] std::optional<char32_t> take_character(std::string_view& text);

// No control character, and none that reorders or hides the text around it.
[[nodiscard]] bool is_printable(char32_t character);

// What is not UTF-8, or not printable, is a '?'; control characters of `kept` stay.
[[nodiscard]] std::string printable(std::string_view text, std::string_view kept = {});

}  // namespace gridloom
