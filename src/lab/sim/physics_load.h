// The state of a part of physics, and what loads and heat pumps do beside drawing power: they
// follow their settings, switch themselves off, and show what they keep warm or cold.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "base/chance.h"
#include "sim/heat_pump.h"
#include "sim/kept.h"
#include "sim/model.h"
#include "sim/physics_slots.h"

namespace gridloom::sim::physics {

inline constexpr double kUjPerWh = 3.6e9;

// An energy that a field shows: what it was at the start, and what came since.
struct Meter {
  double begun_wh = 0;
  std::int64_t counted_uj = 0;
  double shown = 0;  // on the wire

  [[nodiscard]] double counted_wh() const { return static_cast<double>(counted_uj) / kUjPerWh; }
  void keep(this auto& self, auto& kept) {
    kept("begun", self.begun_wh);
    kept("counted", self.counted_uj);
  }
};
// The energy from which a counter continues: the exact one that was kept, unless its field, which
// never goes back, shows more than that, or much less.
[[nodiscard]] double goes_on_from_wh(Fields& fields, Slot slot, double exact_wh);

struct PartState {
  bool on = true;
  std::int64_t power_mw = 0;
  std::vector<Meter> meters;  // by Part::feeds; those of other quantities are not used

  void keep(this auto& self, auto& kept) { kept("meters", self.meters); }
};

// A load, or a heat pump.
struct LoadState : PartState {
  double limit_w = std::numeric_limits<double>::infinity();  // it switches itself off above
  bool tripped = false;
  std::unique_ptr<HeatPump> heat_pump;  // null: it is a load

  void keep(this auto& self, auto& kept) {
    self.PartState::keep(kept);
    kept("tripped", self.tripped);
    if (self.heat_pump) kept("heat_pump", *self.heat_pump);
  }
};

// The heat pump is at its initial temperature, or at that of the air.
void start_heat_pump(LoadState& state, const LoadPart& part, Chance chance,
                     const Environment& environment);

struct Resumed {
  Fields& fields;
  const Environment& environment;
  const TimeOff& off;
};
// It has cooled or warmed to the air around it for the time off.
void resume_heat_pump(LoadState& state, const LoadPart& part, const Resumed& resumed);

// The same for one whose temperature is exact.
void stand_by(LoadState& state, const LoadPart& part, double air_c, const TimeOff& off);

// Reads the settings.
void read_load(LoadState& state, const LoadPart& part, const Fields& fields);
// Writes all but powers and energies.
void write_load(const LoadState& state, const LoadPart& part, Fields& fields);

}  // namespace gridloom::sim::physics
