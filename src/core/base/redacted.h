// Keeps keys out of what is written about a client's input. A client may put a key, a token or a
// link into any place; a message that quotes the place must not repeat it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gridloom {

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

}  // namespace gridloom
