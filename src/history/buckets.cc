#include "history/buckets.h"

#include <algorithm>
#include <chrono>

#include "history/calendar.h"

namespace gridloom::history {
namespace {

constexpr std::int64_t kMonday = 3;  // 1 January 1970 was a Thursday

std::int64_t floored(std::int64_t value, std::int64_t step) {
  const std::int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

// The local date as days since 1970.
std::int64_t local_day(std::int64_t at_ms) {
  const CivilDate date = date_of(at_ms);
  const std::chrono::year_month_day day{std::chrono::year(date.year),
                                        std::chrono::month(static_cast<unsigned>(date.month)),
                                        std::chrono::day(static_cast<unsigned>(date.day))};
  return std::chrono::sys_days(day).time_since_epoch().count();
}

std::int64_t begin_of_day(std::int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  return begin_of({.year = static_cast<int>(date.year()),
                   .month = static_cast<int>(static_cast<unsigned>(date.month())),
                   .day = static_cast<int>(static_cast<unsigned>(date.day()))});
}

}  // namespace

Bucket Buckets::of_days(std::int64_t at_ms) const {
  const std::int64_t days = step_ms_ / kDay_ms;
  const std::int64_t offset = days % 7 == 0 ? kMonday : 0;
  const std::int64_t first = floored(local_day(at_ms) + offset, days) - offset;
  return {.begin_ms = begin_of_day(first), .end_ms = begin_of_day(first + days)};
}

Bucket Buckets::at(std::int64_t at_ms) {
  if (step_ms_ >= kDay_ms) {
    if (at_ms < day_.begin_ms || at_ms >= day_.end_ms) day_ = of_days(at_ms);
    return day_;
  }
  if (kDay_ms % step_ms_ != 0) {
    const std::int64_t begin = floored(at_ms, step_ms_);
    return {.begin_ms = begin, .end_ms = begin + step_ms_};
  }
  if (at_ms < day_.begin_ms || at_ms >= day_.end_ms) {
    const std::int64_t day = local_day(at_ms);
    day_ = {.begin_ms = begin_of_day(day), .end_ms = begin_of_day(day + 1)};
  }
  const std::int64_t begin = day_.begin_ms + floored(at_ms - day_.begin_ms, step_ms_);
  return {.begin_ms = begin, .end_ms = std::min(begin + step_ms_, day_.end_ms)};
}

}  // namespace gridloom::history
