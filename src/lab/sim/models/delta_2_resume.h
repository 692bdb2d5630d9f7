// A DELTA 2's state as its last report shows it.
#pragma once

#include "sim/battery.h"
#include "sim/model.h"
#include "sim/models/delta_2_slots.h"

namespace gridloom::sim::delta_2 {

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

}  // namespace gridloom::sim::delta_2
