#include "sim/models/delta_2_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "sim/models/resume.h"

namespace gridloom::sim::delta_2 {
namespace {

constexpr double kPanel_v = 36;
constexpr double kPanelOpen_v = 42;
constexpr int kLongest_min = 5939;
constexpr std::size_t kCells = 16;
constexpr double kCell_ohm = 0.0093;
constexpr double kCarSocket_v = 13.6;
constexpr double kChargeRequest_a = 20;
constexpr double kInverterNear_k = 7;  // it warms the pack's switches
constexpr double kIdle_a = 0.5;        // below, the screen shows neither charging nor discharging

int fan_level(double power_w) {
  constexpr std::array<double, 3> kSteps_w = {200, 600, 1200};
  return static_cast<int>(
      std::ranges::count_if(kSteps_w, [&](double step_w) { return power_w > step_w; }));
}

void write_sums(Fields& fields, const StepResult& now) {
  const Slots& slots = now.slots;
  const Flow& flow = now.flow;
  fields.set_si(slots.inputs, flow.ac_in_w() + flow.dc_in_w());
  fields.set_si(slots.outputs, flow.ac_out_w + flow.dc_out_w());
  fields.set_si(slots.ac_input, flow.ac_in_w());
  fields.set_si(slots.dc_input, flow.dc_in_w());
  fields.set_si(slots.ac_output, flow.ac_out_w);
  fields.set_si(slots.dc_output, flow.dc_out_w());
  const int by_input = flow.at_car ? 2 : 3;
  const int by_dc = flow.solar_w > 0 ? by_input : flow.generator_w > 0 ? 2 : 0;
  fields.set(slots.charging_by, flow.wall_w > 0 ? 1 : by_dc);
  if (now.noise.is_minute()) fields.set_si(slots.signal, -58 + 2 * now.noise(6));
}

void write_ports(Fields& fields, const StepResult& now) {
  const Slots& slots = now.slots;
  const Flow& flow = now.flow;
  fields.set_si(slots.usb, flow.usb_w);
  fields.set_si(slots.fast_usb, flow.fast_usb_w);
  fields.set_si(slots.type_c, flow.type_c_w);
  fields.set_si(slots.type_c_temperature,
                flow.type_c_w > 0 ? now.environment.air_c + 0.2 * flow.type_c_w : 0);
  const double car_v = flow.car_w > 0 ? kCarSocket_v : 0.06;
  for (const Slot slot : slots.car) fields.set_si(slot, flow.car_w);
  for (const Slot slot : slots.car_temperature) fields.set_si(slot, now.socket_c);
  fields.set_si(slots.car_voltage, car_v);
  fields.set_si(slots.car_current, flow.car_w > 0 ? flow.car_w / car_v : 0);
}

// Counted charge, estimate and shown charge differ: counters drift, and are put right when the pack
// is full or empty.
void write_gauge(Fields& fields, const StepResult& now) {
  const Slots& slots = now.slots;
  const double soc = now.battery.soc_percent();
  const Chance gauge = now.own.split("gauge");
  const auto full_cycles = static_cast<std::uint64_t>(now.battery.cycles() * 2);
  const double inside = 4 * (soc / 100) * (1 - soc / 100);  // 0 at full and empty
  const double drift = inside * (0.4 * gauge.normal(full_cycles) + 0.3 * gauge.normal(1));
  const double estimate = inside * (0.6 + 0.25 * gauge.normal(full_cycles + 1'000'000));
  fields.set_si(slots.counted_soc, round_to(std::clamp(soc + drift, 0.0, 100.0), 100));
  fields.set_si(slots.estimated_soc, std::clamp(soc + estimate, 0.0, 100.0));
  fields.set_si(slots.soc_difference, round_to(std::max(0.0, estimate + 0.2), 100));
}

void write_pack(Fields& fields, const StepResult& now) {
  const Slots& slots = now.slots;
  const Battery& battery = now.battery;
  const double soc = battery.soc_percent();
  const double shown_soc = round_to(soc, 10);
  const double power_w = std::round(battery.power_w());
  const double temp_c = std::round(battery.temperature_c());
  fields.set_si(slots.whole_soc, soc);
  fields.set_si(slots.soc, shown_soc);
  const double all_soc = now.batteries.soc_percent();
  for (const Slot slot : slots.whole_screen_soc) fields.set_si(slot, all_soc);
  fields.set_si(slots.screen_soc, round_to(all_soc, 10));
  fields.set(slots.packs, 1 + now.batteries.extra());
  write_gauge(fields, now);
  fields.set_si(slots.pack_voltage, battery.voltage_v());
  fields.set_si(slots.pack_current, battery.current_a());
  fields.set_si(slots.pack_input, std::max(0.0, power_w));
  fields.set_si(slots.pack_output, std::max(0.0, -power_w));
  fields.set_si(slots.remaining_capacity, battery.remaining_ah());
  fields.set_si(slots.requested_current, kChargeRequest_a * slots.ratings.taper.at(soc));
  const auto sensors = sensors_c<4>(battery.temperature_c(), now.own.split("sensors"));
  const auto [coldest_c, warmest_c] = std::ranges::minmax(sensors);
  fields.set_si(slots.pack_temperature, temp_c);
  fields.set_si(slots.warmest_cell, warmest_c);
  fields.set_si(slots.coldest_cell, coldest_c);
  fields.set_si(slots.cell_temperatures, sensors);
  const double switches_c = battery.temperature_c() + 1 + std::abs(battery.current_a()) +
                            (now.set.ac_on ? kInverterNear_k : 0);
  for (const Slot slot : slots.switch_temperature) fields.set_si(slot, switches_c);
}

void write_age(Fields& fields, const StepResult& now) {
  const double full_ah = now.battery.capacity_ah();
  fields.set_si(now.slots.full_capacity, full_ah);
  fields.set_si(now.slots.cycles, std::floor(now.battery.cycles()));
  fields.set_si(now.slots.health, 100 * full_ah / now.design_ah);
}

// Whole millivolts, so that the cells' sum is the pack's reported voltage.
void write_cells(Fields& fields, const StepResult& now) {
  const Slots& slots = now.slots;
  const std::int64_t total_mv = std::llround(fields.si(slots.pack_voltage) * 1000);
  const auto cells_mv =
      now.cells.cells_mv<kCells>(total_mv, {.current_a = now.battery.current_a(),
                                            .cell_ohm = kCell_ohm,
                                            .soc_percent = now.battery.soc_percent()});
  std::array<double, kCells> cells_v{};
  std::ranges::transform(cells_mv, cells_v.begin(),
                         [](std::int64_t cell_mv) { return static_cast<double>(cell_mv) / 1000; });
  const auto [low_v, high_v] = std::ranges::minmax(cells_v);
  fields.set_si(slots.cell_voltages, cells_v);
  fields.set_si(slots.lowest_cell_voltage, low_v);
  fields.set_si(slots.highest_cell_voltage, high_v);
  fields.set_si(slots.cell_voltage_spread, high_v - low_v);
}

struct TimesLeft {
  int to_full_min = kLongest_min;
  int to_empty_min = kLongest_min;
};
TimesLeft times_left(const BatteryBank& batteries, double most_soc, double least_soc) {
  const Battery& inside = batteries.inside();
  if (!batteries.has_extra()) {
    return {inside.minutes_to_full({.soc_percent = most_soc, .longest_min = kLongest_min}),
            inside.minutes_to_empty({.soc_percent = least_soc, .longest_min = kLongest_min})};
  }
  const physics::Together all = batteries.together();
  const auto minutes = [&all](double percent, double power_w) {
    if (power_w < physics::kIdle_w) return kLongest_min;
    const double energy_wh = all.full_wh * std::max(0.0, percent) / 100;
    return std::min(kLongest_min, static_cast<int>(physics::minutes(energy_wh, power_w)));
  };
  return {minutes(most_soc - all.soc_percent(), all.nominal_w),
          minutes(all.soc_percent() - least_soc, -all.nominal_w)};
}

void write_management(Fields& fields, const StepResult& now) {
  const Slots& slots = now.slots;
  const Flow& flow = now.flow;
  const Battery& battery = now.battery;
  const double current_a =
      now.batteries.has_extra() ? now.batteries.together().current_a : battery.current_a();
  const double limit_soc = flow.wall_w > 0 ? now.set.wall_limit_soc() : now.set.max_soc;
  const auto [to_full, to_empty] = times_left(now.batteries, limit_soc, now.set.min_soc);
  const bool charges = current_a > 0.05;
  fields.set_si(slots.time_to_full, to_full);
  fields.set_si(slots.time_to_empty, to_empty);
  fields.set_si(slots.pack_time_left, charges ? to_full : to_empty);
  fields.set_si(slots.time_left, charges ? to_full : -to_empty);
  const int state = current_a > kIdle_a ? 2 : current_a < -kIdle_a ? 1 : 0;
  for (const Slot slot : slots.charge_state) fields.set(slot, state);

  const double pack_v = fields.si(slots.pack_voltage);
  const double margin_v = state == 1 ? 0.75 : 1;
  // The boards sample at moments of their own: what one says of another's voltage is a little off,
  // under a load more than at rest.
  const double off_v = 0.005 + 0.0015 * std::abs(battery.current_a());
  fields.set_si(slots.requested_voltage, pack_v + 2 + off_v * now.noise(10));
  fields.set_si(slots.least_parallel_voltage, pack_v - margin_v + off_v * now.noise(11));
  fields.set_si(slots.most_parallel_voltage, pack_v + margin_v + off_v * now.noise(12));
  fields.set(slots.may_charge, now.planner.is_full() ? 0 : 1);
  fields.set(slots.may_discharge, now.planner.is_empty() ? 0 : 1);
  fields.set(slots.mains, flow.mains ? 1 : 0);
  const double cell_c = battery.temperature_c();
  const int warnings =
      (cell_c > 45 ? 1 : 0) + (cell_c < 0 ? 2 : 0) + (now.tripped ? 4 : 0) + (state == 2 ? 8 : 0);
  fields.set(slots.warnings, warnings);
  const int fan = fan_level(std::max(flow.ac_out_w, flow.wall_w));
  for (const Slot slot : slots.fan) fields.set(slot, fan);
}

void write_solar(Fields& fields, const StepResult& now) {
  const Slots& slots = now.slots;
  const Flow& flow = now.flow;
  const double idle_v = flow.panels ? kPanelOpen_v : 1.37;
  const double panel_v = (flow.solar_w > 0 ? kPanel_v : idle_v) * (1 + 0.004 * now.noise(7));
  const double in_v = flow.at_car ? kCar_v : panel_v;
  const double out_v =
      now.battery.voltage_v() + 0.2 * now.own.split("bus").normal(0) + 0.03 * now.noise(13);
  const double out_w = std::round(slots.ratings.solar_efficiency * flow.solar_w);
  fields.set_si(slots.solar_voltage, in_v);
  fields.set_si(slots.solar_current, flow.solar_w / in_v);
  fields.set_si(slots.solar_power, flow.solar_w);
  fields.set_si(slots.solar_bus_voltage, out_v);
  fields.set_si(slots.solar_bus_current, out_w / out_v);
  fields.set_si(slots.solar_bus_power, out_w);
  fields.set_si(slots.solar_temperature, now.solar_c);
  fields.set(slots.solar_plug, flow.at_car ? 2 : flow.panels ? 1 : 0);
  // The wall may give all that the pack takes: then the sun waits.
  const int without_solar = flow.panels && flow.wall_w > 0 ? 2 : 0;
  fields.set(slots.solar_charges, flow.solar_w > 0 ? 1 : without_solar);
  const int by_input = flow.at_car ? 1 : 2;
  const int without_generator = flow.solar_w > 0 ? by_input : flow.wall_w > 0 ? 3 : 0;
  fields.set(slots.dc_charging_by, flow.generator_w > 0 ? kChargedByGenerator : without_generator);
}

void write_inverter(Fields& fields, const StepResult& now) {
  const Slots& slots = now.slots;
  const Flow& flow = now.flow;
  const double mains_v = flow.mains ? now.environment.grid_v + 0.1 * now.noise(8) : 0;
  const int mains_hz = !flow.mains ? 0 : now.environment.grid_hz > 55 ? 60 : 50;
  const double set_v = fields.si(slots.set_voltage);
  const int set_hz = fields.integer(slots.set_frequency) == 60 ? 60 : 50;
  double out_v = 0;
  if (flow.bypass)
    out_v = mains_v - 0.3 + 0.7 * now.own.split("meter").normal(0) + 0.1 * now.noise(14);
  // The document's own example sets 30 V, which no socket supplies.
  if (flow.inverting) {
    const double wanted_v = set_v >= 100 && set_v <= 240 ? set_v : 230;
    out_v = flow.ac_v_share * wanted_v - 0.4 + 0.1 * now.noise(9);
  }
  fields.set_si(slots.inverter_input, flow.ac_in_w());
  fields.set_si(slots.inverter_output, flow.ac_out_w);
  fields.set_si(slots.mains_voltage, mains_v);
  fields.set_si(slots.mains_current, mains_v > 0 ? flow.ac_in_w() / mains_v : 0);
  fields.set_si(slots.mains_frequency, mains_hz);
  fields.set_si(slots.output_voltage, out_v);
  fields.set_si(slots.output_current, out_v > 0 ? flow.ac_out_w / out_v : 0);
  fields.set(slots.inverter_error, now.tripped ? kOverload : 0);
  fields.set_si(slots.output_frequency, flow.bypass ? mains_hz : flow.inverting ? set_hz : 0);
  fields.set_si(slots.inverter_temperature, now.inverter_c);
  fields.set(slots.charger, flow.mains ? 1 : flow.at_car ? 2 : flow.panels ? 3 : 0);
  for (const Slot slot : slots.discharging_by) fields.set(slot, flow.inverting ? 1 : 0);
}

}  // namespace

void write_report(Fields& fields, const StepResult& now) {
  write_sums(fields, now);
  write_ports(fields, now);
  write_pack(fields, now);
  write_age(fields, now);
  write_cells(fields, now);
  write_management(fields, now);
  write_solar(fields, now);
  write_inverter(fields, now);
}

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
