// The common part of the models' resume(): values of a last report that are checked before they are
// used, and the state of a battery and a warm component after a time off.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "sim/battery.h"
#include "sim/decay.h"
#include "sim/fields.h"
#include "sim/model.h"
#include "sim/models/parts.h"

namespace gridloom::sim {

struct Bounds {
  double low = 0;
  double high = 0;
};
constexpr Bounds kSocPercent{.low = 0, .high = 100};
constexpr Bounds kPartTemperature_c{.low = -60, .high = 150};
constexpr Bounds kCycles{.low = 0, .high = 1e5};

// The field's value in its unit; outside of the bounds the field gets its initial value, which is
// returned.
inline double bounded(Fields& fields, Slot slot, const Bounds& bounds) {
  const double value = fields.si(slot);
  if (value >= bounds.low && value <= bounds.high) return value;
  fields.set(slot, fields.initial(slot));
  return fields.si(slot);
}

// The same for a capacity: no battery has much more than when it was new, nor nearly nothing.
inline double bounded_capacity_ah(Fields& fields, Slot slot) {
  const double value_ah = fields.si(slot);
  fields.set(slot, fields.initial(slot));
  const double initial_ah = fields.si(slot);
  const bool is_sound = value_ah >= 0.1 * initial_ah && value_ah <= 1.5 * initial_ah;
  if (is_sound) fields.set_si(slot, value_ah);
  return is_sound ? value_ah : initial_ah;
}

// A charge that is reported twice: roughly as `shown_percent`, and finely as ampere-hours of
// `full_ah`. The fine value counts unless the two contradict each other.
inline double finer_soc(double shown_percent, double remaining_ah, double full_ah) {
  constexpr double kMostApart_percent = 2;
  const double fine_percent = full_ah > 0 ? 100 * remaining_ah / full_ah : shown_percent;
  if (!(std::abs(fine_percent - shown_percent) <= kMostApart_percent)) return shown_percent;
  return std::clamp(fine_percent, 0.0, 100.0);
}

// The charge that self-discharge leaves: a lithium iron phosphate battery loses about 3 % a month.
inline double rested_soc(double soc_percent, const TimeOff& off) {
  constexpr double kTime_s = 30 * 24 * 3600 / 0.03;
  return soc_percent * Decay(kTime_s).over(seconds_of(off.length));
}

// The temperature of a component that cooled or warmed with this time constant.
struct Rest {
  double to_c = 20;
  double time_s = 900;
};
inline double rested_c(double was_c, const Rest& rest, const TimeOff& off) {
  return settle(was_c, {.to = rest.to_c, .decay = Decay(rest.time_s).over(seconds_of(off.length))});
}

// The time constant of Battery (battery.cc).
constexpr double kBatteryCooling_s = 7200;

// A battery after the time off, in air of this temperature.
inline void stand_by(Battery& battery, double air_c, const TimeOff& off) {
  if (off.length.count() <= 0) return;
  battery.set_soc_percent(rested_soc(battery.soc_percent(), off));
  battery.set_temperature(
      rested_c(battery.temperature_c(), {.to_c = air_c, .time_s = kBatteryCooling_s}, off));
}

}  // namespace gridloom::sim
