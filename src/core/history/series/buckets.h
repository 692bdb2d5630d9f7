// The time buckets by which a series is downsampled: fixed lengths such as minutes and hours, or
// calendar days of a time zone.
//
// Buckets of a day or more begin at a local midnight, those of a week on Monday. Shorter buckets
// that divide a day start again at each local midnight, so that one bucket is shorter on a day when
// the clocks change; all others count from 1970 in UTC.
//
// Thread rule: one thread; the object caches the last day that was requested.
#pragma once

#include <cstdint>
#include <utility>

#include "time/time_zone.h"

namespace gridloom::history {

struct Bucket {
  std::int64_t begin_ms = 0;
  std::int64_t end_ms = 0;  // exclusive
};

class Buckets {
 public:
  // A step of a day or more must be a whole number of days.
  Buckets(std::int64_t step_ms, time::TimeZone zone) : step_ms_(step_ms), zone_(std::move(zone)) {}

  [[nodiscard]] Bucket at(std::int64_t at_ms);

 private:
  [[nodiscard]] Bucket of_days(std::int64_t at_ms) const;

  std::int64_t step_ms_;
  time::TimeZone zone_;
  Bucket day_{};  // the local day, or span of days, requested last
};

}  // namespace gridloom::history
