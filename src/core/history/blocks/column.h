// Encoding of a block's columns: times, presence (which rows have a value), numbers and texts. This
// layer has no headers and no compression; the bytes it reads may be damaged.
//
// The byte format is described in docs/internals/formats.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace gridloom::history {

// 128-bit sums, which no number of rows can overflow.
using Wide = __int128;
using UnsignedWide = unsigned __int128;

// Row indexes, ascending, written as a bitmap or as the differences between neighbours, whichever
// is smaller.
enum class PresenceForm : std::uint8_t { kBits, kGaps };
[[nodiscard]] PresenceForm append_presence(std::string& out, std::span<const std::uint32_t> rows,
                                           std::size_t all_rows);
// False: the bytes are damaged, or are not `count` rows below `all_rows`.
[[nodiscard]] bool read_presence(std::string_view bytes, PresenceForm form, std::size_t count,
                                 std::size_t all_rows, std::vector<std::uint32_t>& rows);

// Times must ascend. The first time is not written here: the block's header has it.
void append_times(std::string& out, std::span<const std::int64_t> times);
[[nodiscard]] bool read_times(std::string_view bytes, std::int64_t first_at_ms, std::size_t count,
                              std::vector<std::int64_t>& times);

// The numbers of a column, all with one scale. If no common scale is possible without an overflow,
// each number has its own, in `scales`.
struct Numbers {
  static constexpr std::uint8_t kLoose = 31;

  std::uint8_t scale = 0;
  std::vector<std::int64_t> digits;
  std::vector<std::uint8_t> scales;  // if scale is kLoose

  [[nodiscard]] bool loose() const { return scale == kLoose; }
  [[nodiscard]] Decimal at(std::size_t i) const {
    return {.digits = digits[i], .scale = loose() ? scales[i] : scale};
  }
};
// Converts numbers with individual `scales` to one common scale, if there is one.
void find_scale(Numbers& numbers);
// `base` is the reference of the first difference: the minimum, which the header contains.
void append_numbers(std::string& out, const Numbers& numbers, std::int64_t base);
// `numbers.scale` must be set to the scale used for writing. False: damaged.
[[nodiscard]] bool read_numbers(std::string_view bytes, std::int64_t base, std::size_t count,
                                Numbers& numbers);

// Each distinct text once, and the index of each row's text. Views point into the bytes that were
// read.
struct Texts {
  std::vector<std::string_view> dictionary;
  std::vector<std::uint32_t> indexes;

  [[nodiscard]] std::string_view at(std::size_t i) const { return dictionary[indexes[i]]; }
};
void append_texts(std::string& out, std::span<const std::string_view> texts);
[[nodiscard]] bool read_texts(std::string_view bytes, std::size_t count, Texts& texts);

}  // namespace gridloom::history
