#include "sim/models/delta_2_resume.h"

#include <cstddef>

#include "sim/models/delta_2_report.h"
#include "sim/models/resume.h"

namespace gridloom::sim::delta_2 {

LastReport read_last_report(Fields& fields, const Slots& slots, const Environment& environment,
                            const TimeOff& off) {
  const double air_c = environment.air_c;
  const auto part_c = [&](Slot slot, double time_s) {
    return rested_c(bounded(fields, slot, kPartTemperature_c), {.to_c = air_c, .time_s = time_s},
                    off);
  };
  const double full_ah = bounded_capacity_ah(fields, slots.full_capacity);
  const double soc = finer_soc(bounded(fields, slots.soc, kSocPercent),
                               fields.si(slots.remaining_capacity), full_ah);
  return {.battery = Battery({.capacity_ah = full_ah,
                              .resistance_ohm = slots.ratings.resistance_ohm,
                              .cycles = bounded(fields, slots.cycles, kCycles),
                              .soc_percent = rested_soc(soc, off),
                              .temperature_c = part_c(slots.pack_temperature, kBatteryCooling_s)}),
          .design_ah = bounded_capacity_ah(fields, slots.design_capacity),
          .inverter_c = part_c(slots.inverter_temperature, kInverterCooling_s),
          .solar_c = part_c(slots.solar_temperature, kPartCooling_s),
          .socket_c = part_c(slots.car_temperature.front(), kPartCooling_s),
          .asleep = !fields.on(slots.awake),
          .tripped = fields.integer(slots.inverter_error) == kOverload,
          .full = !fields.on(slots.may_charge),
          .empty = !fields.on(slots.may_discharge),
          .generator = fields.integer(slots.dc_charging_by) == kChargedByGenerator};
}

}  // namespace gridloom::sim::delta_2
