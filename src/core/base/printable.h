// Makes text that others wrote, or that was read from damaged data, safe for a terminal or a log
// line, and knows the characters of UTF-8. Everything here is pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gridloom {

// Takes one character off the front of UTF-8 text, which is not empty. Nothing, with the text
// unchanged: it does not begin with valid UTF-8.
[[nodiscard]] std::optional<char32_t> take_character(std::string_view& text);

// Whether the text is valid UTF-8, all of it.
[[nodiscard]] bool is_utf8(std::string_view text);

// The number of characters of a valid UTF-8 text.
[[nodiscard]] std::size_t characters(std::string_view utf8);

// False for control characters, and for characters that reorder or hide the text around them.
[[nodiscard]] bool is_printable(char32_t character);

// The length of the text up to a character that only begins at its end: the next piece of the text
// may complete it.
[[nodiscard]] std::size_t whole_characters(std::string_view text);

// Replaces bytes that are not UTF-8, and characters that are not printable, with '?'; control
// characters in `kept` stay.
[[nodiscard]] std::string printable(std::string_view text, std::string_view kept = {});

}  // namespace gridloom
