// 15-minute rollups: statistics per field for each quarter of an hour, about a kilobyte an hour.
// They replace an hour's blocks when these are too old to be kept. docs/internals/formats.md shows
// the bytes.
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
#include "history/blocks/block.h"
#include "history/blocks/hours.h"

namespace gridloom::history {

inline constexpr std::size_t kQuarters = 4;  // 15-minute intervals per hour

struct RollupField {
  FieldId field = 0;
  // Statistics of the field's numbers in this quarter of an hour. If there are none (count 0), only
  // the members after `last` are meaningful.
  std::uint64_t count = 0;
  double min = 0;
  double max = 0;
  double sum = 0;
  double last = 0;
  // Integral over time in this quarter, including a value that was reported in an earlier quarter
  // of the hour. As in Statistics, a value holds until the field's next value, as long as the
  // device keeps reporting, and at most to the hour's last row. integral / held_ms is the mean over
  // time.
  double integral = 0;  // value * ms
  std::int64_t held_ms = 0;
  // Values that are not numbers: how many, and the last one.
  std::uint64_t texts = 0;
  std::string last_text{};  // JSON

  friend bool operator==(const RollupField&, const RollupField&) = default;
};

// One quarter of an hour: the fields that have anything in it, in ascending order.
struct Rollup {
  std::int64_t begin_ms = 0;
  std::vector<RollupField> fields;

  friend bool operator==(const Rollup&, const Rollup&) = default;
};
using HourOfRollups = std::array<Rollup, kQuarters>;

// Computes the rollups from all blocks of an hour; rows outside of the hour count towards its
// nearest quarter. kMalformed: a block is damaged.
[[nodiscard]] Result<HourOfRollups> rollups_of(std::int64_t hour, std::span<const Block> blocks);
// The same from all chunks of an hour (history/blocks/chunk.h).
[[nodiscard]] Result<HourOfRollups> rollups_of_chunks(std::int64_t hour,
                                                      std::vector<std::string> chunks);

[[nodiscard]] std::string write_rollups(const HourOfRollups& quarters);
// kMalformed: damaged, or of a later version.
[[nodiscard]] Result<HourOfRollups> read_rollups(std::int64_t hour, std::string_view bytes);

}  // namespace gridloom::history
