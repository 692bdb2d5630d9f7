// A DELTA 2's numbers as its boards report them, written from one step's Flow.
//
// Always true of the reported values: wattsInSum and wattsOutSum are the sums of the single inputs
// and outputs, and the cells' voltages add up to the pack's. Settings are never changed here.
#pragma once

#include "base/chance.h"
#include "sim/battery.h"
#include "sim/battery_bank.h"
#include "sim/model.h"
#include "sim/models/cell_spread.h"
#include "sim/models/delta_2_flow.h"
#include "sim/models/delta_2_slots.h"
#include "sim/models/parts.h"

namespace gridloom::sim::delta_2 {

// A DELTA 2's state as its last report shows it.
struct LastReport {
  Battery battery;
  double design_ah = 0;
  double inverter_c = 0;
  double solar_c = 0;
  double socket_c = 0;
  bool asleep = false;
  bool tripped = false;    // by an overload
  bool full = false;       // no charging before some charge was used
  bool empty = false;      // no discharging before some charge came in
  bool generator = false;  // it runs
};

// The state after the time off. A value that makes no sense gets its field's initial one.
[[nodiscard]] LastReport read_last_report(Fields& fields, const Slots& slots,
                                          const Environment& environment, const TimeOff& off);

// Values on the wire.
constexpr int kOverload = 9005;         // an error code of the inverter
constexpr int kChargedByGenerator = 4;  // what charges the pack

// The results of a step. Views: they live as long as the call.
struct StepResult {
  const Slots& slots;
  const Settings& set;
  const Flow& flow;
  const Planner& planner;
  const BatteryBank& batteries;
  const Battery& battery;  // the one inside
  const Environment& environment;
  const Noise& noise;
  bool tripped = false;
  double inverter_c = 0;
  double solar_c = 0;
  double socket_c = 0;
  double design_ah = 0;  // the battery's capacity as built
  const CellSpread& cells;
  const Chance& own;  // what this unit has and others of its kind have not
};

void write_report(Fields& fields, const StepResult& moment);

}  // namespace gridloom::sim::delta_2
