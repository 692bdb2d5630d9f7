#include "sim/physics_battery.h"

#include <algorithm>

#include "sim/ageing.h"
#include "sim/models/resume.h"

namespace gridloom::sim::physics {

using catalog::Quantity;

double initial_soc(const Fields& fields, const BatteryPart& part) {
  for (const Feed& feed : part.feeds) {
    if (feed.quantity != Quantity::kSoc) continue;
    const catalog::Field& field = *fields.entries()[feed.slot.index].field;
    if (starts_with_number(field, fields.get(feed.slot))) return fields.si(feed.slot);
  }
  return part.options.soc_percent;
}

Battery::Options options_after(const BatteryPart& part, const Resumed& resumed) {
  Fields& fields = resumed.fields;
  const double air_c = resumed.environment.air_c;
  Battery::Options options = part.options;
  options.temperature_c = air_c + 3;
  for (const Feed& feed : part.feeds) {
    // An empty battery is one, whereas a 0 at the start means that the file has no charge.
    if (feed.quantity == Quantity::kSoc) options.soc_percent = fields.si(feed.slot);
    if (feed.quantity == Quantity::kTemperature) {
      options.temperature_c = rested_c(bounded(fields, feed.slot, kPartTemperature_c),
                                       {.to_c = air_c, .time_s = kBatteryCooling_s}, resumed.off);
    }
    if (feed.quantity != Quantity::kCycles) continue;
    options.cycles = std::max(options.cycles, bounded(fields, feed.slot, kCycles));
    options.capacity_ah *=
        health_at({.cycles = options.cycles}) / health_at({.cycles = part.options.cycles});
  }
  options.soc_percent = rested_soc(std::clamp(options.soc_percent, 0.0, 100.0), resumed.off);
  return options;
}

}  // namespace gridloom::sim::physics
