// The settings of the Power Kits' modules, read once for many steps. The packs' own settings are
// kept with the packs (power_kits_packs.h).
#pragma once

#include <array>
#include <cstdint>

#include "sim/fields.h"
#include "sim/models/power_kits_slots.h"

namespace gridloom::sim::kits {

struct Settings {
  std::array<bool, 2> panels{};  // on
  // The alternator's input, which can feed the vehicle instead.
  bool alternator_paused = false;
  bool alternator_wants_volts = false;
  double alternator_least_v = 0;
  double alternator_most_a = 0;
  bool alternator_when_idling = false;
  bool feeds_vehicle = false;
  // The inverter.
  bool ac_on = false;
  bool charges_from_ac = false;
  bool grid_first = false;
  double bypass_most_a = 0;
  double input_most_a = 0;  // for charging and passing on
  std::int64_t ac_standby_min = 0;
  // The outputs.
  bool dc_on = false;  // as asked for: no field shows it while the output is stopped
  std::int64_t dc_standby_min = 0;
  int ac_channels = 0;  // bits
  int dc_channels = 0;
};

[[nodiscard]] Settings read_settings(const Fields& fields, const Slots& slots);

}  // namespace gridloom::sim::kits
