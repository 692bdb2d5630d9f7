// What stays of an hour's block when the block is too old to be kept: the statistics of its four
// quarters, a field each, about a kilobyte. docs/internals/formats.md shows the bytes.
//
// Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/block.h"
#include "history/hours.h"

namespace gridloom::history {

inline constexpr std::size_t kQuarters = 4;  // of an hour

struct QuarterField {
  FieldId field = 0;
  // Of its numbers in this quarter; without any (count 0) only what follows `last` counts.
  std::uint64_t count = 0;
  double min = 0;
  double max = 0;
  double sum = 0;
  double last = 0;
  // Over time, in this quarter: also of a value that came in an earlier quarter of the hour. As in
  // Statistics a value holds until the field's next one, as long as the device keeps reporting, and
  // at most to the hour's last row. integral / held_ms is the mean over time.
  double integral = 0;  // value * ms
  std::int64_t held_ms = 0;
  // Of what is no number.
  std::uint64_t texts = 0;
  std::string last_text{};  // JSON

  friend bool operator==(const QuarterField&, const QuarterField&) = default;
};

// Fields that have anything in it, ascending.
struct Quarter {
  std::int64_t begin_ms = 0;
  std::vector<QuarterField> fields;

  friend bool operator==(const Quarter&, const Quarter&) = default;
};
using HourOfQuarters = std::array<Quarter, kQuarters>;

// Of all blocks that an hour has; rows outside of the hour count to its nearest quarter.
// kMalformed: one of them is damaged.
[[nodiscard]] Result<HourOfQuarters> quarters_of(std::int64_t hour, std::span<const Block> blocks);

[[nodiscard]] std::string write_quarters(const HourOfQuarters& quarters);
// kMalformed: damaged, or of a later version.
[[nodiscard]] Result<HourOfQuarters> read_quarters(std::int64_t hour, std::string_view bytes);

}  // namespace gridloom::history
