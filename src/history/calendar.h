// Civil time in the time zone of the process (TZ, /etc/localtime): the beginnings of days, weeks,
// months and years, correct across clock changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom::history {

enum class Step : std::uint8_t { kHour, kDay, kWeek, kMonth, kYear };

struct CivilDate {
  int year = 1970;
  int month = 1;  // 1 to 12
  int day = 1;
};

// Parses "2026-11-01"; none: there is no such day.
[[nodiscard]] std::optional<CivilDate> date_of(std::string_view text);
[[nodiscard]] CivilDate date_of(std::int64_t at_ms);
// The beginning of the day: midnight, or the first time that the clocks show on that day.
[[nodiscard]] std::int64_t begin_of(const CivilDate& date);

// The beginning of the hour, day, week (Monday), month or year that contains `at_ms`, and of the
// next one.
[[nodiscard]] std::int64_t begin_of(Step step, std::int64_t at_ms);
[[nodiscard]] std::int64_t begin_after(Step step, std::int64_t at_ms);

// Returns from_ms, the beginnings of steps in between, and to_ms; the first and last step may be
// incomplete. At most `most` steps are returned, and the list ends early if there would be more.
[[nodiscard]] std::vector<std::int64_t> bounds(Step step, std::int64_t from_ms, std::int64_t to_ms,
                                               std::size_t most);

// "2026-11-01T00:00:00+01:00"
[[nodiscard]] std::string iso_text(std::int64_t at_ms);

}  // namespace gridloom::history
