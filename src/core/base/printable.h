// Makes text that others wrote, or that was read from damaged data, safe for a terminal or a log
// line, and knows the characters of UTF-8. Everything here is pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gridloom {

// A text in the value of a label, in the text formats of Prometheus and OpenMetrics, and in the
// latter's descriptions: backslashes, quotes and line ends are escaped.
[[nodiscard]] inline std::string label_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string_view("\\n") : std::string_view(&c, 1);
  }
  return out;
}

// Keeps keys out of what is written about a client's input. A client may put a key, a token or a
// link into any place; a message that quotes the place must not repeat it.
// The text with the first characters and *** instead of each word that looks like a key, as keys,
// tokens, links and cookies of random_key() and random_hex() do. Names do not: those of devices are
// shorter, and those of fields have fewer capitals and digits.
[[nodiscard]] std::string redacted(std::string_view text);

// The words of the name stay from now on, whatever they look like: for names of fields and
// parameters, which are public. Any thread; it keeps a few thousand words at most.
void keep_when_redacting(std::string_view name);

// Redacts the first `most` bytes and makes them printable: the input may have any length.
[[nodiscard]] std::string redacted_beginning(std::string_view text, std::size_t most);
// Does the same, and puts ... behind it if the text is longer.
[[nodiscard]] std::string redacted_extract(std::string_view text, std::size_t most = 80);

// A name that nobody here has: it may be a secret that was given in the name's place. Longer ones
// than devices have are shown by their first characters.
[[nodiscard]] std::string redacted_name(std::string_view name);

// Whether a value of this name, in a body or a query, is a secret: it is quoted nowhere.
[[nodiscard]] bool names_a_secret(std::string_view name);

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
