// A battery of physics: how it begins, with the charge of its file or as its fields were left, and
// what it can give and take.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "sim/battery.h"
#include "sim/models/parts.h"
#include "sim/physics_cells.h"
#include "sim/physics_load.h"
#include "sim/physics_slots.h"

namespace gridloom::sim::physics {

struct BatteryState : PartState {
  Battery battery{Battery::Options{}};
  double max_percent = 100;
  double min_percent = 0;
  double kept_percent = 0;  // for an outage
  Latch full;
  Latch empty;
  double give_w = 0;  // on the bus, at most
  double take_w = 0;
  std::int64_t charged_uj = 0;  // in the last step
  double count = 1;             // of equal batteries
  std::optional<Cells> cells;
};

// The charge in percent that the fields of a new device have, or else that of the part.
[[nodiscard]] double initial_soc(const Fields& fields, const BatteryPart& part);

// The charge, temperature and age that the fields show, as far as they do, after the time off.
[[nodiscard]] Battery::Options options_after(const BatteryPart& part, const Resumed& resumed);

struct NextStep {
  bool allowed = true;  // by the battery's protection
  Millis dt{0};
  bool grid_up = false;
};
// Computes what it can give and take in a step. It ends at its limits, however long the step is.
void limit_battery(const BatteryPart& part, BatteryState& state, const NextStep& step);

}  // namespace gridloom::sim::physics
