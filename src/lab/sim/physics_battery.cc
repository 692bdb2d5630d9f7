#include "sim/physics_battery.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "sim/ageing.h"
#include "sim/models/resume.h"
#include "sim/rounding.h"
#include "wire/json.h"

namespace gridloom::sim::physics {

using catalog::Quantity;

namespace {

constexpr double kMargin_percent = 1;  // past a limit before it charges or discharges again
constexpr double kNear_percent = 3;    // a limit that a long step could go past
constexpr double kPast_percent = 0.1;  // so that the limit is reached

// The power that brings the charge over a distance in the step.
double power_over_w(double percent, const Battery& battery, Millis dt) {
  constexpr double kHour_s = 3600;
  const double energy_wh =
      (std::max(0.0, percent) + kPast_percent) / 100 * battery.capacity_ah() * battery.rest_v();
  return energy_wh * kHour_s / seconds_of(dt);
}

}  // namespace

std::size_t state_of(double power_w) {
  const std::size_t busy = power_w > 0 ? 1 : 2;
  return std::abs(power_w) < kIdle_w ? 0 : busy;
}

void write_serial(Fields& fields, Slot slot, std::string_view serial) {
  if (slot.type != catalog::FieldType::kArray) return fields.set_text(slot, serial);
  const wire::JsonArray* places = fields.initial(slot).if_array();
  wire::JsonArray codes;
  for (std::size_t k = 0; k < (places == nullptr ? serial.size() : places->size()); ++k) {
    codes.emplace_back(k < serial.size() ? static_cast<unsigned char>(serial[k]) : 0);
  }
  fields.set(slot, codes);
}

double initial_soc(const Fields& fields, const BatteryPart& part) {
  for (const Feed& feed : part.feeds) {
    if (feed.quantity != Quantity::kSoc) continue;
    const catalog::Field& field = *fields.entries()[feed.slot.index].field;
    if (starts_with_number(field, fields.get(feed.slot))) return fields.si(feed.slot);
  }
  return part.options.soc_percent;
}

Battery::Options options_at_start(const BatteryPart& part, double main_soc_percent,
                                  const Environment& environment) {
  Battery::Options options = part.options;
  options.temperature_c = environment.air_c + 3;
  options.soc_percent = main_soc_percent;
  if (part.pack == 0 || part.pack > environment.packs.size()) return options;
  const catalog::Pack& pack = environment.packs[part.pack - 1];
  if (pack.capacity_wh) options.capacity_ah = capacity_ah(*pack.capacity_wh, options.cells);
  options.resistance_ohm *= part.options.capacity_ah / options.capacity_ah;
  options.capacity_ah *= health_at({.cycles = pack.cycles});
  options.cycles = pack.cycles;
  options.soc_percent = pack.charge_percent.value_or(main_soc_percent);
  return options;
}

Battery::Options options_after(const BatteryPart& part, const Resumed& resumed) {
  Fields& fields = resumed.fields;
  const double air_c = resumed.environment.air_c;
  Battery::Options options = options_at_start(part, part.options.soc_percent, resumed.environment);
  const double begun_cycles = options.cycles;
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
        health_at({.cycles = options.cycles}) / health_at({.cycles = begun_cycles});
  }
  options.soc_percent = rested_soc(std::clamp(options.soc_percent, 0.0, 100.0), resumed.off);
  return options;
}

std::optional<double> number_of(Quantity quantity, const BatteryState& state) {
  constexpr double kMah = 1000;
  const Battery& battery = state.battery;
  const auto if_there = [&state](double value) { return state.plugged ? value : 0; };
  const double power_w = to_w(state.power_mw);
  switch (quantity) {
    case Quantity::kSoc:
      return if_there(battery.soc_percent());
    case Quantity::kPower:
      return power_w;
    case Quantity::kChargePower:
      return std::max(0.0, power_w);
    case Quantity::kDischargePower:
      return std::max(0.0, -power_w);
    case Quantity::kVoltage:
      return if_there(battery.voltage_v());
    case Quantity::kCurrent:
      return if_there(battery.current_a());
    case Quantity::kTemperature:
      return if_there(battery.temperature_c());
    case Quantity::kCycles:
      return if_there(std::floor(battery.cycles()));
    case Quantity::kDesignCapacity:
      return if_there(kMah * battery.new_ah());
    case Quantity::kFullCapacity:
      return if_there(kMah * battery.capacity_ah());
    case Quantity::kRemainingCapacity:
      return if_there(kMah * battery.remaining_ah());
    case Quantity::kPresent:
      return if_there(1);
    default:
      return std::nullopt;
  }
}

bool write_shown(Fields& fields, const Feed& feed, const BatteryState& state) {
  const Battery& battery = state.battery;
  const double power_w = to_w(state.power_mw);
  const auto put_time = [&](int minutes, bool applies) {
    if (!applies && feed.absent) return fields.set(feed.slot, *feed.absent);
    fields.set_in_range(feed.slot, feed.sign * minutes);
  };
  switch (feed.quantity) {
    case Quantity::kSerialNumber:
      write_serial(fields, feed.slot, state.plugged ? std::string_view(state.serial) : "");
      return true;
    case Quantity::kTimeToFull:
      put_time(
          battery.minutes_to_full({.soc_percent = state.max_percent, .longest_min = kLongest_min}),
          power_w >= kIdle_w);
      return true;
    case Quantity::kTimeToEmpty:
      put_time(
          battery.minutes_to_empty({.soc_percent = state.min_percent, .longest_min = kLongest_min}),
          power_w <= -kIdle_w);
      return true;
    case Quantity::kState:
      fields.set(feed.slot, feed.states.at(state_of(power_w)));
      return true;
    default:
      return state.cells && state.cells->write(fields, feed);
  }
}

void limit_battery(const BatteryPart& part, BatteryState& state, const NextStep& step) {
  const double soc = state.battery.soc_percent();
  const double max = state.max_percent;
  const double kept = step.grid_up ? state.kept_percent : 0;
  const double min = std::max(state.min_percent, kept);
  state.full.update_at_limit(soc, {.from = max, .until = max - kMargin_percent});
  state.empty.update_at_limit(soc, {.from = min, .until = min + kMargin_percent});
  state.blocked = !step.allowed;
  const bool allowed = step.allowed && state.plugged;
  const bool takes = allowed && !state.full.on();
  const bool gives = allowed && !state.empty.on();
  const double charge_w = state.count * part.charge_w;
  state.take_w = takes ? charge_w * part.taper.at(soc) / part.efficiency : 0;
  state.give_w = gives ? state.count * part.discharge_w * part.efficiency : 0;
  if (gives && soc - min < kNear_percent) {
    const double most_w = power_over_w(soc - min, state.battery, step.dt) * part.efficiency;
    state.give_w = std::min(state.give_w, most_w);
  }
  if (takes && max - soc < kNear_percent) {
    const double most_w = power_over_w(max - soc, state.battery, step.dt) / part.efficiency;
    state.take_w = std::min(state.take_w, most_w);
  }
}

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
