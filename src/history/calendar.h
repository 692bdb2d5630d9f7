// Civil time in the zone of the process (TZ, /etc/localtime): where days, weeks, months and years
// begin, also where the clocks change.
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

// "2026-11-01"; none: there is no such day.
[[nodiscard]] std::optional<CivilDate> date_of(std::string_view text);
[[nodiscard]] CivilDate date_of(std::int64_t at_ms);
// When the day begins: midnight, or what the clocks show first.
[[nodiscard]] std::int64_t begin_of(const CivilDate& date);

// The begin of the hour, day, week (Monday), month or year that holds `at_ms`, and of the next one.
[[nodiscard]] std::int64_t begin_of(Step step, std::int64_t at_ms);
[[nodiscard]] std::int64_t begin_after(Step step, std::int64_t at_ms);

// from, the begins between them, to; the steps at both ends may be parts. At most `most` steps are
// made: more than that end early.
[[nodiscard]] std::vector<std::int64_t> bounds(Step step, std::int64_t from_ms, std::int64_t to_ms,
                                               std::size_t most);

// "2026-11-01T00:00:00+01:00"
[[nodiscard]] std::string iso_text(std::int64_t at_ms);

}  // namespace gridloom::history
