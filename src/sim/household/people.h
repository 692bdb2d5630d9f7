// Whether someone of a household is awake and at home at a moment. A pure function of the home's
// chance and the time; the object remembers one day's spans.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "sim/household/home.h"

namespace gridloom::sim::household {

class People {
 public:
  explicit People(Home home) : home_(std::move(home)) {}

  // At a time by the site's clocks, in milliseconds since 1970.
  [[nodiscard]] bool are_up(std::int64_t local_ms) {
    constexpr std::int64_t kDay_ms = 86'400'000;
    constexpr double kHour_ms = 3'600'000;
    const std::int64_t day = local_ms / kDay_ms;
    if (day != day_) begin_day(day);
    const double hour = static_cast<double>(local_ms % kDay_ms) / kHour_ms;
    return std::ranges::any_of(
        spans_, [hour](const Span& span) { return hour >= span.from_h && hour < span.to_h; });
  }

 private:
  // After midnight, those of the evening before may still be awake.
  void begin_day(std::int64_t day) {
    day_ = day;
    spans_ = home_.awake(Day(day));
    for (const Span& span : home_.awake(Day(day - 1))) {
      if (span.to_h > kDayHours) spans_.push_back({.from_h = 0, .to_h = span.to_h - kDayHours});
    }
  }

  Home home_;
  std::int64_t day_ = std::numeric_limits<std::int64_t>::min();
  std::vector<Span> spans_;
};

}  // namespace gridloom::sim::household
