// Where the power goes in a device of batteries, PV inputs, an inverter, a charger, a grid
// connection and loads. Pure functions of one step; physics_model.cc runs the parts by them.
//
//   PV inputs ──┐                         ┌── AC loads
//   batteries ──┼─ bus ── inverter ── AC ─┤
//   DC loads ───┘      └── charger ──┘    └── grid
//
// The sun supplies the loads first, then charges the batteries, and what is left goes into the
// grid. The batteries supply what the sun does not, and the grid the rest. A charger that is on
// changes that while there is a grid: sun and charger fill the batteries first, and these give
// nothing but what both cannot supply on the bus. Without a grid, a load gets what there is.
#pragma once

#include <cmath>
#include <limits>

namespace gridloom::sim {

// The powers that the parts can give and want in one step. Powers in W, all of them positive; on
// the bus unless a comment says otherwise.
struct PowerOffer {
  double pv_w = 0;
  double give_w = 0;    // all batteries, at most
  double take_w = 0;    // the same
  double device_w = 0;  // what the device itself needs
  double dc_loads_w = 0;
  double ac_loads_w = 0;                                        // AC
  double inverter_w = std::numeric_limits<double>::infinity();  // AC, at most; 0: it is off
  double inverter_efficiency = 1;
  bool charges = false;  // the charger is on, and there is a grid
  double charger_w = 0;  // AC, at most
  double charger_efficiency = 1;
  double import_w = 0;  // AC, at most; 0: there is no grid
  double export_w = 0;  // the same
};

// The power into the batteries that this offer asks for; negative: out of them.
[[nodiscard]] double battery_power_w(const PowerOffer& offer);

// All powers of a step, once the batteries have taken or given theirs.
struct PowerFlow {
  double pv_w = 0;        // used of that offered
  double inverter_w = 0;  // AC
  double charger_w = 0;   // AC
  double import_w = 0;    // AC, with the charger's
  double export_w = 0;    // AC
  double dc_loads_w = 0;  // supplied
  double ac_loads_w = 0;  // supplied, AC
};

// `battery_w` is what the batteries took; negative: gave.
[[nodiscard]] PowerFlow power_flow(const PowerOffer& offer, double battery_w);

// Within this, the batteries' power counts as what was asked of them: the rest is rounding, and the
// change of the voltage during the step.
[[nodiscard]] inline double close_to_w(double asked_w) { return 0.05 + 0.002 * std::abs(asked_w); }

}  // namespace gridloom::sim
