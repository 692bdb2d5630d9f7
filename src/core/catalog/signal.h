// How the value of a field moves by itself in a virtual device, when nothing else computes it.
#pragma once

#include <cstdint>
#include <string_view>

#include "catalog/formula.h"

namespace gridloom::catalog {

// All values are in the field's unit.
struct Signal {
  // kClock: the time in UTC, as "2025-06-18 10:00:00", of a string. kCount: how often the formula
  // came to be above 0, or, without one, how often something happened by chance. kTime: how long
  // the formula was above 0. kMoment: when the event that a field counts happened last, in seconds
  // since 1970; the formula is that field. kAir: the temperature around the device.
  enum class Shape : std::uint8_t {
    kRamp,
    kSine,
    kRandomWalk,
    kClock,
    kCount,
    kTime,
    kMoment,
    kAir,
    kFormula
  };
  Shape shape = Shape::kRamp;
  double low = 0;  // this and `high`: of a ramp, a sine and a random walk
  double high = 0;
  double period_s = 0;  // of a ramp and a sine; of a count by chance: between events, on average
  double phase_s = 0;   // from the site's midnight to the ramp's low, or to the sine's mean
  double step = 0;      // of a random walk: standard deviation of its change in a minute
  Formula formula;
};

// The seconds of a unit that a Shape::kTime can have; 0 for any other one.
[[nodiscard]] constexpr double seconds_of_unit(std::string_view unit) {
  return unit == "s" ? 1 : unit == "min" ? 60 : unit == "h" ? 3600 : 0;
}

}  // namespace gridloom::catalog
