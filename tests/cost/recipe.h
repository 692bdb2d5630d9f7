// An input as a short description that can be stretched: pieces of bytes, each so many times. What
// is expensive is mostly a pattern, and whether its cost is linear shows when it is made longer.
//
// As text, a line a piece: how often, a blank, the bytes. \r \n \t \\ \xNN stand for bytes, and \#
// once in a piece for the number of its repetition, from 0. Lines that begin with # are comments.
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

// kMalformed, with the line.
[[nodiscard]] Result<Recipe> read_recipe(std::string_view text);
[[nodiscard]] std::string to_text(const Recipe& recipe);

[[nodiscard]] std::string bytes_of(const Recipe& recipe);

// The pieces that stand more than once stand more or less often, so that there are about this many
// bytes. Without such pieces it stays as it is.
[[nodiscard]] Recipe stretched(const Recipe& recipe, std::size_t bytes);

}  // namespace gridloom::cost
