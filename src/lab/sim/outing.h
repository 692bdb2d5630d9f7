// Hours of a day that a device spends elsewhere: its people carry it to where they need it, or
// plug it into their car. Pure in the chance and the time; the object remembers one day.
#pragma once

#include <cstdint>
#include <limits>

#include "base/chance.h"
#include "sim/model.h"
#include "sim/models/parts.h"

namespace gridloom::sim {

class Outing {
 public:
  struct Hours {
    double from_h = 0;
    double to_h = 0;
  };
  // Whether the device is out. `hours_of` gives the hours of a day by the site's clocks.
  [[nodiscard]] bool is_on(const Environment& environment, const auto& hours_of) {
    const std::int64_t day = local_day(environment);
    if (day != day_) {
      day_ = day;
      hours_ = hours_of(day);
    }
    if (hours_.from_h >= hours_.to_h) return false;
    const double hour = hour_of(environment);
    return hour >= hours_.from_h && hour < hours_.to_h;
  }

 private:
  std::int64_t day_ = std::numeric_limits<std::int64_t>::min();
  Hours hours_;
};

// It is carried along on this share of all days, for some hours, and has no plug there.
[[nodiscard]] inline Outing::Hours carried_hours(const Chance& chance, double share,
                                                 std::int64_t day) {
  const auto index = static_cast<std::uint64_t>(day);
  if (chance.uniform(3 * index) > share) return {};
  const double from_h = 9 + 6 * chance.uniform(3 * index + 1);
  return {.from_h = from_h, .to_h = from_h + 2 + 5 * chance.uniform(3 * index + 2)};
}

}  // namespace gridloom::sim
