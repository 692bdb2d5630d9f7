#include "history/series/buckets.h"

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "time/calendar.h"

namespace gridloom::history {
namespace {

using std::chrono::days;
using std::chrono::local_days;

constexpr std::int64_t kMonday = 3;  // 1 January 1970 was a Thursday

std::int64_t floored(std::int64_t value, std::int64_t step) {
  const std::int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

}  // namespace

Bucket Buckets::of_days(std::int64_t at_ms) const {
  const std::int64_t each = step_ms_ / kDay_ms;
  const std::int64_t offset = each % 7 == 0 ? kMonday : 0;
  const std::int64_t day = time::day_of(at_ms, zone_).time_since_epoch().count();
  const local_days first{days(floored(day + offset, each) - offset)};
  return {.begin_ms = time::begin_of(first, zone_),
          .end_ms = time::begin_of(first + days(each), zone_)};
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
    const local_days day = time::day_of(at_ms, zone_);
    day_ = {.begin_ms = time::begin_of(day, zone_), .end_ms = time::begin_of(day + days(1), zone_)};
  }
  const std::int64_t begin = day_.begin_ms + floored(at_ms - day_.begin_ms, step_ms_);
  return {.begin_ms = begin, .end_ms = std::min(begin + step_ms_, day_.end_ms)};
}

}  // namespace gridloom::history
