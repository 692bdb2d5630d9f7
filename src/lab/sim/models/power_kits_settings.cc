#include "sim/models/power_kits_settings.h"

namespace gridloom::sim::kits {
namespace {

constexpr int kUnswitched = 0xfc0;  // DC channels 7 to 12 have no relay
constexpr int kSupplies = 2;        // workMode of an input that supplies instead
constexpr int kGridFirst = 1;

}  // namespace

Settings read_settings(const Fields& fields, const Slots& slots) {
  const auto integer = [&](Slot slot) { return static_cast<int>(fields.integer(slot)); };
  Settings set;
  set.panels = {fields.on(slots.solar.on[0]), fields.on(slots.solar.on[1])};
  set.alternator_paused = fields.on(slots.alternator.paused);
  set.alternator_wants_volts = fields.on(slots.alternator.voltage_limit_on);
  set.alternator_least_v = fields.si(slots.alternator.voltage_limit);
  set.alternator_most_a = fields.si(slots.alternator.current_limit);
  set.alternator_when_idling = fields.on(slots.alternator.when_idling);
  set.feeds_vehicle = integer(slots.alternator.mode) == kSupplies;
  set.ac_on = fields.on(slots.ac.on);
  set.charges_from_ac = !fields.on(slots.ac.charging_off);
  set.grid_first = integer(slots.ac.grid_first) == kGridFirst;
  set.bypass_most_a = fields.si(slots.ac.bypass_current_limit);
  set.input_most_a = fields.si(slots.ac.input_current_limit);
  set.ac_standby_min = fields.integer(slots.ac.standby);
  set.dc_standby_min = fields.integer(slots.dc.standby);
  set.ac_channels = integer(slots.ac_channels.allowed);
  set.dc_channels = integer(slots.dc_channels.allowed) & (integer(slots.dc_relays) | kUnswitched);
  return set;
}

}  // namespace gridloom::sim::kits
