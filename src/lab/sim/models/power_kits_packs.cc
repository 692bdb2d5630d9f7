#include "sim/models/power_kits_packs.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "sim/ageing.h"
#include "sim/models/power_kits_module.h"
#include "sim/models/resume.h"

namespace gridloom::sim::kits {
namespace {

constexpr double kResistanceSpread = 0.15;  // from pack to pack, with its wiring
constexpr double kApart_percent = 1;        // of charge, at the start
constexpr int kIdle_w = 10;                 // a pack with less power counts as idle
constexpr int kEndless_min = 143999;
constexpr double kHeaterRise_k = 28;
constexpr double kHeatBelow_c = 5;
constexpr double kHeatUntil_c = 10;
constexpr double kHeaterSpeed_k_per_min = 0.23;

// Values on the wire.
constexpr int kHeaterError = 2;  // added to the code for no error
constexpr int kOpen = 0;
constexpr int kClosed = 3;
constexpr int kIdle = 0;
constexpr int kDischarging = 1;
constexpr int kCharging = 2;

int state_of(int power_w) {
  if (std::abs(power_w) < kIdle_w) return kIdle;
  return power_w > 0 ? kCharging : kDischarging;
}

}  // namespace

void Packs::start(Fields& fields, const Environment& environment) {
  packs_.clear();
  int number = 0;
  for (const Slots::Pack& slots : slots_->packs) {
    ++number;
    fields.set(slots.number, number);
    fields.set(slots.bus_address, number);
    // No field holds the cycles: they follow from the capacity.
    const double full_ah = fields.si(slots.full_capacity);
    const double health = full_ah / fields.si(slots.design_capacity);
    const auto index = static_cast<std::uint64_t>(number);
    const double resistance_ohm = slots_->ratings.resistance_ohm *
                                  (1 + kResistanceSpread * chance_.split("ohm").normal(index));
    const double apart_percent =
        number == 1 ? 0 : kApart_percent * chance_.split("soc").normal(index);
    const double soc = std::clamp(fields.si(slots.soc) + apart_percent, 0.0, 100.0);
    packs_.push_back({.battery = Battery({.cells = slots_->ratings.cells,
                                          .capacity_ah = full_ah,
                                          .resistance_ohm = resistance_ohm,
                                          .cycles = cycles_at(health),
                                          .soc_percent = soc,
                                          .temperature_c = environment.air_c + 2}),
                      .resistance_ohm = resistance_ohm,
                      .cells = CellSpread(chance_.split("cells").split(std::to_string(number))),
                      .no_error = static_cast<int>(fields.integer(slots.error))});
  }
  update_soc();
  read(fields);
}

void Packs::resume(Fields& fields, const Environment& environment, const TimeOff& off) {
  constexpr int kMostFailures = 1'000'000;
  start(fields, environment);
  for (std::size_t k = 0; k < packs_.size(); ++k) {
    Pack& pack = packs_.at(k);
    const Slots::Pack& slots = slots_->packs.at(k);
    const double full_ah = bounded_capacity_ah(fields, slots.full_capacity);
    const double health = full_ah / bounded_capacity_ah(fields, slots.design_capacity);
    const double soc = finer_soc(bounded(fields, slots.soc, kSocPercent),
                                 fields.si(slots.remaining_capacity), full_ah);
    const double cell_c = bounded(fields, slots.temperature, kPartTemperature_c);
    pack.battery =
        Battery({.cells = slots_->ratings.cells,
                 .capacity_ah = full_ah,
                 .resistance_ohm = pack.resistance_ohm,
                 .cycles = cycles_at(health),
                 .soc_percent = rested_soc(soc, off),
                 .temperature_c = rested_c(
                     cell_c, {.to_c = environment.air_c, .time_s = kBatteryCooling_s}, off)});
    pack.failed = fields.on(slots.heater_fault);
    pack.failures =
        static_cast<int>(bounded(fields, slots.heater_failures, {.low = 0, .high = kMostFailures}));
    if (pack.failed) pack.no_error -= kHeaterError;
    pack.cold.restore(fields.on(slots.heating));
  }
  update_soc();
}

void Packs::update_soc() {
  double sum_percent = 0;
  for (const Pack& pack : packs_) sum_percent += pack.battery.soc_percent();
  soc_percent_ = sum_percent / static_cast<double>(packs_.size());
}

void Packs::read(const Fields& fields) {
  const Slots::Pack& first = slots_->packs.front();
  on_ = fields.on(first.switches);
  settings_ = {.charge_to_soc = fields.si(first.charge_limit),
               .discharge_to_soc = fields.si(first.discharge_limit),
               .generator_on_soc = fields.si(first.generator_start),
               .generator_off_soc = fields.si(first.generator_stop),
               .rest_min = fields.integer(first.rest_after)};
  for (std::size_t k = 0; k < packs_.size(); ++k) {
    packs_.at(k).heats_by_discharging = fields.on(slots_->packs.at(k).heats_by_discharging);
  }
}

void Packs::allow_heating(Fields& fields, bool by_discharging) const {
  for (const Slots::Pack& slots : slots_->packs) {
    fields.set(slots.heats_by_discharging, by_discharging ? 1 : 0);
  }
}

bool Packs::are_too_cold() const {
  return std::ranges::any_of(packs_,
                             [](const Pack& pack) { return pack.battery.temperature_c() < 0; });
}

int Packs::acceptable_w() const {
  if (are_too_cold()) return 0;
  const double room_percent = settings_.charge_to_soc - soc();
  const Ratings& ratings = slots_->ratings;
  return static_cast<int>(
      std::clamp(room_percent * ratings.taper_w_per_percent, 0.0, ratings.charge_w));
}

void Packs::heat(const HeatSources& sources) {
  heat_sources_ = sources;
  for (Pack& pack : packs_) {
    pack.cold.update(pack.battery.temperature_c(), {.from = kHeatBelow_c, .until = kHeatUntil_c});
    const bool by_discharging = pack.heats_by_discharging && sources.discharging;
    const bool wanted = on_ && pack.cold.on() && (sources.charging || by_discharging);
    if (wanted && !pack.failed && !sources.working) {
      pack.failed = true;
      ++pack.failures;
    }
    pack.heating = wanted && !pack.failed;
    if (!pack.heating) pack.cold.release();
  }
}

bool Packs::failed_to_heat() const { return std::ranges::any_of(packs_, &Pack::failed); }

void Packs::clear_errors() {
  for (Pack& pack : packs_) {
    pack.failed = false;
    pack.failures = 0;
  }
}

void Packs::write_heaters(Fields& fields) const {
  for (std::size_t k = 0; k < packs_.size(); ++k) {
    const Pack& pack = packs_.at(k);
    const Slots::Pack& slots = slots_->packs.at(k);
    const double cell_c = pack.battery.temperature_c();
    const int trigger = heat_sources_.charging ? 1 : 2;
    fields.set(slots.heating, pack.heating ? 1 : 0);
    fields.set(slots.heating_cause, pack.heating ? trigger : 0);
    fields.set(slots.heater_fault, pack.failed ? 1 : 0);
    fields.set(slots.heater_failures, pack.failures);
    fields.set(slots.error, pack.no_error + (pack.failed ? kHeaterError : 0));
    fields.set_si(slots.heating_time_left,
                  pack.heating ? (kHeatUntil_c - cell_c) / kHeaterSpeed_k_per_min : 0);
    fields.set_si(slots.coldest_heater, cell_c + (pack.heating ? 18 : 0));
    fields.set_si(slots.warmest_heater, cell_c + (pack.heating ? 20 : 1));
  }
}

int Packs::heaters_w() const {
  return slots_->ratings.heater_w * static_cast<int>(std::ranges::count_if(packs_, &Pack::heating));
}

void Packs::run(int net_w, double seconds, double air_c) {
  // In parallel all packs have one terminal voltage: V = (sum of OCV / R + I) / (sum of 1 / R).
  double short_a = 0;  // sum of OCV / R
  double siemens = 0;
  for (const Pack& pack : packs_) {
    const double pack_siemens = 1 / pack.resistance_ohm;
    short_a += pack.battery.rest_v() * pack_siemens;
    siemens += pack_siemens;
  }
  const double common_v = (short_a + net_w / bus_v()) / siemens;
  int left_w = net_w;
  for (std::size_t k = 0; k < packs_.size(); ++k) {
    Pack& pack = packs_.at(k);
    const double current_a = (common_v - pack.battery.rest_v()) / pack.resistance_ohm;
    const bool last = k + 1 == packs_.size();
    // Open switches leave no power on the bus, and no current between the packs either.
    const int wanted_w = last ? left_w : net_w == 0 ? 0 : rounded(current_a * common_v);
    left_w -= wanted_w;
    const double heater_k = pack.heating ? kHeaterRise_k : 0;
    pack.power_w = rounded(pack.battery.apply(
        {.power_w = static_cast<double>(wanted_w), .seconds = seconds, .air_c = air_c + heater_k}));
  }
  update_soc();
}

void Packs::write(Fields& fields) {
  for (const Slots::Pack& slots : slots_->packs) {
    if (switched_) fields.set(slots.switches, on_ ? kClosed : kOpen);
  }
  switched_ = false;
  write_heaters(fields);
  write_packs(fields);
  write_totals(fields);
}

void Packs::write_packs(Fields& fields) const {
  const Ratings& ratings = slots_->ratings;
  for (std::size_t k = 0; k < packs_.size(); ++k) {
    const Pack& pack = packs_.at(k);
    const Slots::Pack& slots = slots_->packs.at(k);
    const Battery& battery = pack.battery;
    const double current_a = battery.current_a();
    const auto cells_mv = pack.cells.cells_mv<CellSpread::kMostCells>(
        std::llround(battery.voltage_v() * 1000), {.current_a = current_a,
                                                   .cell_ohm = pack.resistance_ohm / ratings.cells,
                                                   .soc_percent = battery.soc_percent()});
    const auto [lowest_mv, highest_mv] = std::ranges::minmax(cells_mv);
    fields.set_si(slots.precharge_switches, fields.si(slots.switches));
    fields.set(slots.in_use, on_ ? 1 : 0);
    fields.set_si(slots.soc, battery.soc_percent());
    fields.set_si(slots.remaining_capacity, battery.remaining_ah());
    fields.set_si(slots.full_capacity, battery.capacity_ah());
    fields.set_si(slots.voltage, battery.voltage_v());
    fields.set_si(slots.current, current_a);
    fields.set_si(slots.power_in, std::max(pack.power_w, 0));
    fields.set_si(slots.power_out, std::min(pack.power_w, 0));
    fields.set(slots.state, state_of(pack.power_w));
    const double limit_soc = fields.si(current_a > 0 ? slots.charge_limit : slots.discharge_limit);
    const Battery::Horizon horizon = {.soc_percent = limit_soc, .longest_min = kEndless_min};
    fields.set_si(slots.time_left, current_a > 0 ? battery.minutes_to_full(horizon)
                                                 : battery.minutes_to_empty(horizon));
    fields.set_si(slots.lowest_cell_voltage, static_cast<double>(lowest_mv) / 1000);
    fields.set_si(slots.highest_cell_voltage, static_cast<double>(highest_mv) / 1000);
    const double cell_c = battery.temperature_c();
    fields.set_si(slots.temperature, cell_c);
    const auto sensors = sensors_c<4>(cell_c, chance_.split("sensors").split(std::to_string(k)));
    const auto [coldest_c, warmest_c] = std::ranges::minmax(sensors);
    fields.set_si(slots.coldest_cell, coldest_c);
    fields.set_si(slots.warmest_cell, warmest_c);
    fields.set_si(slots.coldest_switch, cell_c + 0.08 * std::abs(current_a));
    fields.set_si(slots.warmest_switch, cell_c + 0.12 * std::abs(current_a) + 0.4);
  }
}

void Packs::write_totals(Fields& fields) const {
  double capacity_ah = 0;
  int in_w = 0;
  int out_w = 0;
  double current_a = 0;
  for (const Pack& pack : packs_) {
    in_w += std::max(pack.power_w, 0);
    out_w += std::min(pack.power_w, 0);
    current_a += pack.battery.current_a();
    capacity_ah += pack.battery.capacity_ah();
  }
  const int state = state_of(in_w + out_w);
  double minutes = kEndless_min;
  if (state != kIdle) {
    const double limit = state == kCharging ? settings_.charge_to_soc : settings_.discharge_to_soc;
    minutes = std::clamp((limit - soc()) / 100 * capacity_ah / current_a * 60, 0.0, minutes);
  }
  // Cold packs that may give nothing need a source to be heated by.
  const bool are_cold = std::ranges::any_of(
      packs_, [](const Pack& pack) { return pack.battery.temperature_c() < kHeatBelow_c; });
  const bool asks_for_heat = are_cold && !heat_sources_.charging && !heat_sources_.discharging;
  const double together_soc = soc();
  for (const Slots::Totals& slots : slots_->totals) {
    fields.set_si(slots.power_in, in_w);
    fields.set_si(slots.power_out, out_w);
    fields.set_si(slots.current, current_a);
    fields.set_si(slots.soc, together_soc);
    fields.set_si(slots.capacity, std::floor(capacity_ah));
    fields.set(slots.state, state);
    fields.set_si(slots.time_left, std::floor(minutes));
    fields.set(slots.charges, state == kCharging ? 1 : 0);
    fields.set(slots.asks_for_heat, asks_for_heat ? 1 : 0);
  }
}

}  // namespace gridloom::sim::kits
