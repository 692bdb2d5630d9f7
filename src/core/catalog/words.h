// Words: lists of them for error messages, and those that name a family, a site or a roof. Private
// to catalog.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom::catalog {

// "a, b and c"; `last` is the word before the last one.
[[nodiscard]] std::string join(const std::vector<std::string>& words, std::string_view last);

inline constexpr std::size_t kMaxId = 40;  // characters
// The rule for ids, for error messages.
inline constexpr std::string_view kIdWords =
    "must be lower-case letters, digits and _, a letter first, at most 40 characters";
[[nodiscard]] bool is_id(std::string_view text);

}  // namespace gridloom::catalog
