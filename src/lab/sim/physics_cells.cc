#include "sim/physics_cells.h"

#include <algorithm>
#include <cstddef>

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

Cells::Cells(const BatteryPart& part, double count, const Fields& fields, const Chance& chance)
    : spread_(chance.split("cells")),
      sensors_chance_(chance.split("sensors")),
      cell_ohm_(part.options.resistance_ohm / part.options.cells / count) {
  const std::size_t shown = elements(part, fields, Quantity::kCellVoltages);
  const auto cells = static_cast<std::size_t>(part.options.cells);
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

}  // namespace gridloom::sim::physics
