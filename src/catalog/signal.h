// How the value of a field moves by itself in a virtual device, when nothing else computes it.
#pragma once

#include <cstdint>

#include "catalog/formula.h"

namespace gridloom::catalog {

// All values are in the field's unit.
struct Signal {
  enum class Shape : std::uint8_t { kRamp, kSine, kRandomWalk, kClock, kCount, kAir, kFormula };
  // kClock: the time in UTC, as "2025-06-18 10:00:00", of a string; kAir: the temperature around
  // the device.
  Shape shape = Shape::kRamp;
  double low = 0;              // this and `high`: of a ramp, a sine and a random walk
  double high = 0;
  double period_s = 0;  // of a ramp and a sine; of a count: between events, on average
  double phase_s = 0;   // from the site's midnight to the ramp's low, or to the sine's mean
  double step = 0;      // of a random walk: standard deviation of its change in a minute
  Formula formula;
};

}  // namespace gridloom::catalog
