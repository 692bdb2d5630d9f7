// Lists of words for error messages, and the length of a text. Private to catalog.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom::catalog {

// "a, b and c"; `last` is the word before the last one.
[[nodiscard]] std::string join(const std::vector<std::string>& words, std::string_view last);

// The number of characters of a valid UTF-8 text.
[[nodiscard]] std::size_t characters(std::string_view utf8);

}  // namespace gridloom::catalog
