// Lists of words for error messages. Private to catalog.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gridloom::catalog {

// "a, b and c"; `last` is the word before the last one.
[[nodiscard]] std::string join(const std::vector<std::string>& words, std::string_view last);

}  // namespace gridloom::catalog
