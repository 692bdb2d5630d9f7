// The calendar of a time zone: the beginnings of hours, days, weeks, months and years, correct
// where the clocks change.
//
// A day begins at the first moment at which the clocks show its date: at midnight, or where the
// clocks are put forward over midnight, later. Where they are put back over midnight, all that
// follows the first midnight belongs to the new day.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "time/time_zone.h"

namespace gridloom::time {

enum class Step : std::uint8_t { kHour, kDay, kWeek, kMonth, kYear };

// The day that contains `at_ms`, and the beginning of a day.
[[nodiscard]] std::chrono::local_days day_of(std::int64_t at_ms, const TimeZone& zone);
[[nodiscard]] std::int64_t begin_of(std::chrono::local_days day, const TimeZone& zone);

// The beginning of the hour, day, week (Monday), month or year that contains `at_ms`, and of the
// next one.
[[nodiscard]] std::int64_t begin_of(Step step, std::int64_t at_ms, const TimeZone& zone);
[[nodiscard]] std::int64_t begin_after(Step step, std::int64_t at_ms, const TimeZone& zone);

struct Range {
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
};
// Returns from_ms, the beginnings of steps in between, and to_ms; the first and last step may be
// incomplete. At most `most` steps are returned, and the list ends early if there would be more.
[[nodiscard]] std::vector<std::int64_t> bounds(Step step, const Range& range, const TimeZone& zone,
                                               std::size_t most);

}  // namespace gridloom::time
