// The batteries of a device of physics together: which extra ones are plugged in, how they share
// the power, and what fields show of all of them.
//
// Extra batteries hang in parallel with the main one, without a converter between them. So those
// that hold more charge the others, up to a few hundred watts, until all have the same charge.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "base/clock.h"
#include "sim/fields.h"
#include "sim/model.h"
#include "sim/physics_battery.h"
#include "sim/physics_slots.h"

namespace gridloom::sim::physics {

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

// The sums over all batteries that are there.
struct Together {
  double power_w = 0;
  double current_a = 0;
  double nominal_w = 0;  // of the current, at the voltage of full_wh
  double full_wh = 0;
  double stored_wh = 0;   // at the voltage of full_wh
  double missing_wh = 0;  // until each is as full as its limit says
  double left_wh = 0;     // until each is as empty as its limit says
  double count = 0;

  [[nodiscard]] double soc_percent() const {
    return full_wh > 0 ? std::clamp(100 * stored_wh / full_wh, 0.0, 100.0) : 0;
  }
};
[[nodiscard]] Together together(const std::vector<BatteryPart>& parts,
                                const std::vector<BatteryState>& states);

// How long the power takes for the energy: as a battery alone reckons, by its charge and current.
[[nodiscard]] double minutes(double energy_wh, double power_w);

// Writes what the feeds show of all batteries that are there.
void write_all(Fields& fields, std::span<const Feed> feeds, const std::vector<BatteryPart>& parts,
               const std::vector<BatteryState>& states);

}  // namespace gridloom::sim::physics
