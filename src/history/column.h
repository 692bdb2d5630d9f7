// The columns of a block as bytes: times, presence (which rows have a value), numbers and texts.
// Nothing here knows of headers or of compression; whatever is read may be damaged.
//
// docs/internals/formats.md shows the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "history/value.h"

namespace gridloom::history {

// Sums that no number of rows overflows.
using Wide = __int128;
using UnsignedWide = unsigned __int128;

// Rows, ascending. As bits, or as the differences from each to the next: what is smaller.
enum class PresenceForm : std::uint8_t { kBits, kGaps };
[[nodiscard]] PresenceForm append_presence(std::string& out, std::span<const std::uint32_t> rows,
                                           std::size_t all_rows);
// False: damaged, or not `count` rows below `all_rows`.
[[nodiscard]] bool read_presence(std::string_view bytes, PresenceForm form, std::size_t count,
                                 std::size_t all_rows, std::vector<std::uint32_t>& rows);

// The first one stands elsewhere. Ascending.
void append_times(std::string& out, std::span<const std::int64_t> times);
[[nodiscard]] bool read_times(std::string_view bytes, std::int64_t first_at_ms, std::size_t count,
                              std::vector<std::int64_t>& times);

// The numbers of a column, all with one scale. If no scale serves all without an overflow, each has
// its own, in `scales`.
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
// From `scales` as they came to one scale, if there is one.
void find_scale(Numbers& numbers);
// `base` is what the first is a difference to: the least, which the header has.
void append_numbers(std::string& out, const Numbers& numbers, std::int64_t base);
// `numbers.scale` says how they were written. False: damaged.
[[nodiscard]] bool read_numbers(std::string_view bytes, std::int64_t base, std::size_t count,
                                Numbers& numbers);

// Each different text once; which one each row has. Views lead into what was read.
struct Texts {
  std::vector<std::string_view> dictionary;
  std::vector<std::uint32_t> indexes;

  [[nodiscard]] std::string_view at(std::size_t i) const { return dictionary[indexes[i]]; }
};
void append_texts(std::string& out, std::span<const std::string_view> texts);
[[nodiscard]] bool read_texts(std::string_view bytes, std::size_t count, Texts& texts);

}  // namespace gridloom::history
