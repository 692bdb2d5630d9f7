// A recipe describes an input compactly, as pieces of bytes with repetition counts, so that the
// input can be stretched. Most expensive inputs are patterns, and making a pattern longer shows
// whether its cost is linear.
//
// Text form: one line per piece, with the count, a blank, and the bytes. \r \n \t \\ \xNN stand for
// bytes, and \# (once per piece) for the number of the repetition, from 0. Lines that begin with #
// are comments.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gridloom::cost {

struct Piece {
  std::string bytes;
  std::size_t times = 1;
  std::optional<std::size_t> number_at = {};  // offset in `bytes` where the number is put

  friend bool operator==(const Piece&, const Piece&) = default;
};
using Recipe = std::vector<Piece>;

// kMalformed: the detail names the line.
[[nodiscard]] Result<Recipe> read_recipe(std::string_view text);
[[nodiscard]] std::string to_text(const Recipe& recipe);

[[nodiscard]] std::string bytes_of(const Recipe& recipe);

// Scales the counts of the repeated pieces so that there are about this many bytes. A recipe
// without repeated pieces is returned unchanged.
[[nodiscard]] Recipe stretched(const Recipe& recipe, std::size_t bytes);

}  // namespace gridloom::cost
