// A DELTA 2's numbers as its boards report them, written from one step's Flow.
//
// Always true of what is written: wattsInSum and wattsOutSum are the sums of the single inputs and
// outputs, and the cells' voltages add up to the pack's. Settings are never touched here.
#pragma once

#include "sim/battery.h"
#include "sim/model.h"
#include "sim/models/delta_2_flow.h"
#include "sim/models/parts.h"

namespace gridloom::sim::delta_2 {

// What a step came to. Views: they live as long as the call.
struct Moment {
  const Settings& set;
  const Flow& flow;
  const Planner& planner;
  const Battery& battery;
  const Surroundings& around;
  const Noise& noise;
  bool tripped = false;
  double inverter_c = 0;
  double solar_c = 0;
  double socket_c = 0;
  double design_mah = 0;  // the battery's capacity as built
};

void write_report(Fields& fields, const Moment& moment);

}  // namespace gridloom::sim::delta_2
