// Finds what a person who mistyped a name may have meant: a command, an option, a family, a field.
// Everything here is pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom {

inline constexpr std::size_t kMaxNearest = 3;

// At most kMaxNearest of the names, the most similar one first; of equally similar ones, the first
// of `names`. Similar are names that differ in a few letters, that begin with the word, or that
// contain it. The views are those of `names`.
[[nodiscard]] std::vector<std::string_view> nearest(std::string_view word,
                                                    const std::vector<std::string_view>& names);

// "; did you mean a, b or c?" with the nearest names, for the end of an error message; empty if no
// name is similar.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string_view>& names);

// "a, b or c".
[[nodiscard]] std::string joined_or(const std::vector<std::string_view>& words);

}  // namespace gridloom
