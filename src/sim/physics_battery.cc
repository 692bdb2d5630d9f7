#include "sim/physics_battery.h"

#include <algorithm>
#include <cmath>

#include "sim/ageing.h"
#include "sim/models/resume.h"
#include "sim/rounding.h"
#include "wire/json.h"

namespace gridloom::sim::physics {
namespace {

using catalog::Quantity;

constexpr std::size_t kUsualSensors = 4;

// How many elements the longest list has that shows the quantity; 0: none does.
std::size_t elements(const BatteryPart& part, const Fields& fields, Quantity quantity) {
  std::size_t most = 0;
  for (const Feed& feed : part.feeds) {
    if (feed.quantity != quantity) continue;
    const wire::JsonArray* list = fields.initial(feed.slot).if_array();
    if (list != nullptr) most = std::max(most, list->size());
  }
  return most;
}

}  // namespace

bool shows_cells(const BatteryPart& part) {
  return std::ranges::any_of(part.feeds, [](const Feed& feed) {
    return feed.quantity >= Quantity::kCellVoltages &&
           feed.quantity <= Quantity::kGreatestCellTemperature;
  });
}

Cells::Cells(const BatteryPart& part, const Battery::Options& options, const Fields& fields,
             const Chance& chance)
    : spread_(chance.split("cells")),
      sensors_chance_(chance.split("sensors")),
      cell_ohm_(options.resistance_ohm / options.cells) {
  const std::size_t shown = elements(part, fields, Quantity::kCellVoltages);
  const auto cells = static_cast<std::size_t>(options.cells);
  cells_mv_.resize(std::clamp<std::size_t>(shown == 0 ? cells : shown, 1, CellSpread::kMostCells));
  cells_v_.resize(cells_mv_.size());
  const std::size_t sensors = elements(part, fields, Quantity::kCellTemperatures);
  sensors_c_.resize(sensors == 0 ? kUsualSensors : sensors);
}

void Cells::measure(const Battery& battery) {
  constexpr double kMillivolts = 1000;
  const double total_v = battery.cell_v() * static_cast<double>(cells_mv_.size());
  spread_.put_cells_mv(round_to_int64(kMillivolts * total_v),
                       {.current_a = battery.current_a(),
                        .cell_ohm = cell_ohm_,
                        .soc_percent = battery.soc_percent()},
                       cells_mv_);
  for (std::size_t k = 0; k < cells_v_.size(); ++k) {
    cells_v_[k] = static_cast<double>(cells_mv_[k]) / kMillivolts;
  }
  put_sensors_c(battery.temperature_c(), sensors_chance_, sensors_c_);
}

bool Cells::write(Fields& fields, const Feed& feed) const {
  switch (feed.quantity) {
    case Quantity::kCellVoltages:
      fields.set_si(feed.slot, cells_v_);
      return true;
    case Quantity::kLeastCellVoltage:
      fields.set_in_range(feed.slot, std::ranges::min(cells_v_));
      return true;
    case Quantity::kGreatestCellVoltage:
      fields.set_in_range(feed.slot, std::ranges::max(cells_v_));
      return true;
    case Quantity::kCellTemperatures:
      fields.set_si(feed.slot, sensors_c_);
      return true;
    case Quantity::kLeastCellTemperature:
      fields.set_in_range(feed.slot, std::ranges::min(sensors_c_));
      return true;
    case Quantity::kGreatestCellTemperature:
      fields.set_in_range(feed.slot, std::ranges::max(sensors_c_));
      return true;
    default:
      return false;
  }
}

Battery::Options options_after(const BatteryPart& part, const Resumed& resumed) {
  auto& [fields, environment, off] = resumed;
  Battery::Options options = part.options;
  options.temperature_c = environment.air_c + 3;
  for (const Feed& feed : part.feeds) {
    // An empty battery is one, whereas a 0 at the start means that the file has no charge.
    if (feed.quantity == Quantity::kSoc) options.soc_percent = fields.si(feed.slot);
    if (feed.quantity == Quantity::kTemperature) {
      options.temperature_c =
          rested_c(bounded(fields, feed.slot, kPartTemperature_c),
                   {.to_c = environment.air_c, .time_s = kBatteryCooling_s}, off);
    }
    if (feed.quantity != Quantity::kCycles) continue;
    options.cycles = std::max(options.cycles, bounded(fields, feed.slot, kCycles));
    options.capacity_ah *=
        health_at({.cycles = options.cycles}) / health_at({.cycles = part.options.cycles});
  }
  options.soc_percent = rested_soc(std::clamp(options.soc_percent, 0.0, 100.0), off);
  return options;
}

double initial_soc(const Fields& fields, const BatteryPart& part) {
  for (const Feed& feed : part.feeds) {
    if (feed.quantity != Quantity::kSoc) continue;
    const catalog::Field& field = *fields.entries()[feed.slot.index].field;
    if (starts_with_number(field, fields.get(feed.slot))) return fields.si(feed.slot);
  }
  return part.options.soc_percent;
}

}  // namespace gridloom::sim::physics
