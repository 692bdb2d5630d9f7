// The batteries of a device of physics together: which extra ones are plugged in, how they share
// the power, and what fields show of all of them.
//
// Extra batteries hang in parallel with the main one, without a converter between them. So those
// that hold more charge the others, up to a few hundred watts, until all have the same charge.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/clock.h"
#include "sim/fields.h"
#include "sim/model.h"
#include "sim/physics_battery.h"
#include "sim/physics_slots.h"

namespace gridloom::sim::physics {

inline constexpr double kIdle_w = 1;  // a battery with less power is idle
inline constexpr int kLongest_min = 5999;

// The place in catalog::kBatteryStates.
[[nodiscard]] std::size_t state_of(double power_w);

// Whether a battery is there. Only extra ones come and go.
[[nodiscard]] bool is_plugged(const BatteryPart& part, const Environment& environment);

// Gives the extra batteries their serial numbers, and unplugs those that are not there at first.
void take_packs(const std::vector<BatteryPart>& parts, std::vector<BatteryState>& states,
                const Environment& environment);

struct BatteryStep {
  double air_c = 20;
  Millis dt{0};
};
// Shares the power out by what each battery can take or give; positive charges. A battery that is
// away rests as it was left, and does not age. Returns what they took together, on the bus.
double run_batteries(const std::vector<BatteryPart>& parts, std::vector<BatteryState>& states,
                     double asked_w, const BatteryStep& step);

// Writes what the feeds show of all batteries that are there.
void write_all(Fields& fields, std::span<const Feed> feeds, const std::vector<BatteryPart>& parts,
               const std::vector<BatteryState>& states);

}  // namespace gridloom::sim::physics
