// The published standard load profile of households (BDEW H0): the shape that the sum of many homes
// has over a year. bench/household_fit.cc fits calibration.cc to it, and tests compare with it.
#pragma once

#include <array>
#include <cstddef>

#include "sim/household/calendar.h"

namespace gridloom::sim::household {

// A number for each season, kind of day and hour.
using Cells = std::array<std::array<std::array<double, kDayHours>, kDayKinds>, kSeasons>;
[[nodiscard]] inline double& cell(Cells& cells, const Day& day, std::size_t hour) {
  return cells.at(static_cast<std::size_t>(day.season))
      .at(static_cast<std::size_t>(day.kind))
      .at(hour);
}

// W in an hour of a household that uses 1000 kWh a year.
[[nodiscard]] double standard_profile_w(const Day& day, std::size_t hour);

// The fraction of the energy that lies in another cell than that of `wanted`: 0 if both have the
// same shape.
[[nodiscard]] double misplaced(const Cells& energy, const Cells& wanted);
// The same by the hour of the day alone.
[[nodiscard]] double misplaced_by_hour(const Cells& energy, const Cells& wanted);

}  // namespace gridloom::sim::household
