// Spans of time of one length, by which a series is downsampled: of minutes and hours, or of days
// as they are where the server stands.
//
// Spans of a day or more begin at a local midnight, a week's on Monday. Shorter ones that divide a
// day begin anew at each local midnight, so that one of the days when the clocks change is shorter;
// all others count from 1970 in UTC.
//
// Thread rule: one thread; it remembers the day that was asked for last.
#pragma once

#include <cstdint>

namespace gridloom::history {

inline constexpr std::int64_t kDay_ms = 86'400'000;

struct Bucket {
  std::int64_t begin_ms = 0;
  std::int64_t end_ms = 0;  // behind it
};

class Buckets {
 public:
  // A day or more: whole days.
  explicit Buckets(std::int64_t step_ms) : step_ms_(step_ms) {}

  [[nodiscard]] Bucket at(std::int64_t at_ms);

 private:
  [[nodiscard]] Bucket of_days(std::int64_t at_ms) const;

  std::int64_t step_ms_;
  Bucket day_{};  // the local one, or the days, that were asked for last
};

}  // namespace gridloom::history
