// Whether someone of a household is at home at a moment, and awake. A pure function of the home's
// chance and the time; the object remembers one day's spans.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <ranges>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/household/household_model.h"

namespace gridloom::sim::household {

class People {
 public:
  explicit People(const HouseholdModel& home) : home_(home) {}

  // At times by the site's clocks, in milliseconds since 1970.
  [[nodiscard]] bool are_up(std::int64_t local_ms) {
    return is_in(spans_at(local_ms), hour_of_day(local_ms));
  }
  [[nodiscard]] bool are_home(std::int64_t local_ms) {
    const std::vector<Span>& awake = spans_at(local_ms);
    const double hour = hour_of_day(local_ms);
    return is_in(awake, hour) || is_in(asleep_, hour);
  }

 private:
  // After midnight, those of the evening before may still be awake.
  const std::vector<Span>& spans_at(std::int64_t local_ms) {
    if (local_ms / kDay_ms != day_) begin_day(local_ms / kDay_ms);
    return spans_;
  }
  void begin_day(std::int64_t day) {
    day_ = day;
    spans_ = home_.awake(Day(day));
    asleep_.clear();
    // A person who was out at night or is away on a holiday has no first and last hour.
    if (!spans_.empty()) {
      const double wakes_h = std::ranges::min(spans_, {}, &Span::from_h).from_h;
      const double sleeps_h = std::ranges::max(spans_, {}, &Span::to_h).to_h;
      asleep_ = {{.from_h = 0, .to_h = wakes_h}, {.from_h = sleeps_h, .to_h = kDayHours}};
    }
    for (const Span& span : home_.awake(Day(day - 1))) {
      if (span.to_h > kDayHours) spans_.push_back({.from_h = 0, .to_h = span.to_h - kDayHours});
    }
  }
  [[nodiscard]] static double hour_of_day(std::int64_t local_ms) {
    constexpr double kHour_ms = 3'600'000;
    return static_cast<double>(local_ms % kDay_ms) / kHour_ms;
  }
  [[nodiscard]] static bool is_in(const std::vector<Span>& spans, double hour) {
    return std::ranges::any_of(
        spans, [hour](const Span& span) { return hour >= span.from_h && hour < span.to_h; });
  }

  HouseholdModel home_;
  std::int64_t day_ = std::numeric_limits<std::int64_t>::min();
  std::vector<Span> spans_;   // of the day, when someone is awake at home
  std::vector<Span> asleep_;  // before the first of them wakes, and after the last went to bed
};

}  // namespace gridloom::sim::household
