#include "sim/models/power_kits_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "sim/models/power_kits_module.h"

namespace gridloom::sim::kits {
namespace {

constexpr double kPv_v = 52;
constexpr double kVehicle_v = 51.2;                       // of the parked vehicle's battery
constexpr std::array<double, 2> kDcOut_v = {13.6, 27.2};  // by the setting
constexpr double kDcResidual_v = 0.134;
constexpr double kInnerBus_v = 385;  // of the inverter, running
constexpr double kInnerBusResidual_v = 0.725;
// Bits of the faults.
constexpr int kTooCold = 2;
constexpr int kChargingException = 8;

void write_solar(Fields& fields, const StepResult& now) {
  const auto& slots = now.slots.solar;
  const Flow& flow = now.flow;
  const Offer& offer = now.offer;
  write_converter(fields, slots.converter, now.converters.solar,
                  {.power_w = flow.pv_w,
                   .bus_v = now.packs.bus_v(),
                   .offset_a = 0.008 * now.noise(2),
                   .air_c = now.environment.air_c});
  const int pv_w = rounded(flow.pv_w / now.slots.ratings.converter_efficiency);
  const int offered_w = std::max(sum(offer.pv_w), 1);
  const int first_w = rounded(static_cast<double>(pv_w) * offer.pv_w.front() / offered_w);
  // Panels that the balance curtails run at a higher voltage.
  const bool sunny = now.environment.sun > kDawn;
  const double pv_v =
      !sunny ? 0
             : kPv_v + 3 * now.environment.sun + 8 * (1 - static_cast<double>(pv_w) / offered_w);
  const std::array<int, 2> in_w = {first_w, pv_w - first_w};
  for (std::size_t k = 0; k < in_w.size(); ++k) {
    const Slots::SolarInput& input = slots.inputs.at(k);
    const double input_v = pv_v + (sunny ? 0.2 * now.noise(3 + k) : 0);
    fields.set_si(input.power, in_w.at(k));
    fields.set_si(input.voltage, input_v);
    fields.set_si(input.current, sunny ? in_w.at(k) / input_v : 0);
    fields.set(input.live, sunny ? 1 : 0);
  }
  fields.set_si(slots.energy, std::floor(now.converters.solar.ever_wh));
}

void write_alternator(Fields& fields, const StepResult& now) {
  const auto& slots = now.slots.alternator;
  const Flow& flow = now.flow;
  const Offer& offer = now.offer;
  const bool supplies = flow.vehicle_w > 0;
  const double live_v = (supplies ? kVehicle_v : kAlternator_v) + 0.1 * now.noise(5);
  const double input_v = offer.engine || supplies ? live_v : 0;
  const int alternator_w = rounded(flow.alternator_w / now.slots.ratings.converter_efficiency);
  write_converter(fields, slots.converter, now.converters.alternator,
                  {.power_w = flow.alternator_w - flow.vehicle_w,
                   .bus_v = now.packs.bus_v(),
                   .offset_a = 0.012 * now.noise(6),
                   .air_c = now.environment.air_c});
  fields.set_si(slots.voltage, input_v);
  fields.set_si(slots.power, alternator_w);
  fields.set_si(slots.current, offer.engine ? alternator_w / input_v : 0);
  fields.set(slots.live, input_v > 0 ? 1 : 0);
  fields.set(slots.charging_by, offer.engine ? 1 : 0);
  fields.set(slots.supplying, supplies ? 1 : 0);
  fields.set(slots.reversed, supplies ? 1 : 0);
  fields.set(slots.may_supply, flow.may_discharge ? 1 : 0);
  fields.set(slots.moving, offer.moving ? 1 : 0);
  fields.set_si(slots.packs, (1U << now.packs.count()) - 1);
  fields.set_si(slots.energy, std::floor(now.converters.alternator.ever_wh));
}

void write_dc(Fields& fields, const StepResult& now) {
  const auto& slots = now.slots.dc;
  const Flow& flow = now.flow;
  const Offer& offer = now.offer;
  const double set_v = kDcOut_v.at(fields.integer(slots.voltage_choice) == 0 ? 0 : 1);
  const double live_v = set_v - 0.0004 * flow.dc_out_w + 0.01 * now.noise(7);
  const double out_v = flow.dc ? live_v : kDcResidual_v;
  write_converter(fields, slots.converter, now.converters.dc,
                  {.power_w = -flow.dc_w,
                   .bus_v = now.packs.bus_v(),
                   .offset_a = 0.01 * now.noise(8),
                   .air_c = now.environment.air_c});
  fields.set(slots.on, flow.dc ? 1 : 0);
  fields.set_si(slots.voltage, out_v);
  fields.set_si(slots.power, flow.dc_out_w);
  fields.set_si(slots.current, flow.dc_out_w / out_v);
  fields.set_si(slots.energy, std::floor(now.converters.dc.ever_wh));
  ChannelLoads<kDcChannels> loads = {.sink_c = now.environment.air_c + 4};
  if (flow.dc) {
    loads.power_w = offer.dc_w;
    loads.live = offer.dc_channels;
    loads.voltage_v = out_v;
  }
  write_channels(fields, now.slots.dc_channels, loads);
}

void write_ac(Fields& fields, const StepResult& now) {
  const auto& slots = now.slots.ac;
  const Flow& flow = now.flow;
  const Offer& offer = now.offer;
  const double in_v = offer.shore ? now.environment.grid_v + 0.2 * now.noise(9) : 0;
  const double made_v = fields.si(slots.voltage) + 0.3 * now.noise(10);
  const double live_v = flow.bypass ? in_v : made_v;
  const double out_v = flow.ac() ? live_v : 0;
  const int grid_hz = rounded(now.environment.grid_hz);
  const std::int64_t live_hz = flow.bypass ? grid_hz : fields.integer(slots.frequency);
  fields.set_si(slots.in_voltage, in_v);
  fields.set_si(slots.in_power, flow.ac_in_w);
  fields.set_si(slots.in_current, offer.shore ? flow.ac_in_w / in_v : 0);
  fields.set_si(slots.in_frequency, offer.shore ? grid_hz : 0);
  fields.set_si(slots.out_voltage, out_v);
  fields.set_si(slots.out_power, flow.ac_out_w);
  fields.set_si(slots.out_apparent_power, flow.ac_out_w);
  fields.set_si(slots.out_current, flow.ac() ? flow.ac_out_w / out_v : 0);
  fields.set_si(slots.out_frequency, flow.ac() ? live_hz : 0);
  fields.set(slots.live, flow.ac() ? 1 : 0);
  fields.set_si(slots.temperature, now.converters.ac_out.sink_c + kAboveSink_k);
  fields.set_si(slots.in_day_energy, std::floor(now.converters.ac_in.day_wh));
  fields.set_si(slots.out_day_energy, std::floor(now.converters.ac_out.day_wh));
  ChannelLoads<kAcChannels> loads = {.voltage_v = out_v, .sink_c = now.environment.air_c + 5};
  if (flow.ac()) {
    loads.power_w = offer.ac_w;
    loads.live = offer.ac_channels;
  }
  write_channels(fields, now.slots.ac_channels, loads);
}

void write_charger(Fields& fields, const StepResult& now) {
  const auto& slots = now.slots.charger;
  const Flow& flow = now.flow;
  const Offer& offer = now.offer;
  const bool running = flow.inverter || flow.charger_w > 0;
  const int acceptable_w = now.packs.acceptable_w();
  const int direction = flow.charger_w > 0 ? 2 : 1;
  const int permission = acceptable_w > 0 && now.environment.battery_ok ? 1 : 2;
  const int by_source = flow.charger_w > 0 ? 1 : flow.pv_w > 0 ? 3 : 0;
  const double sink_c = now.converters.ac_out.sink_c;
  const double bus_v = now.packs.bus_v();
  const Ratings& ratings = now.slots.ratings;
  const double charger_w = ratings.charger_w * ratings.converter_efficiency;
  fields.set_si(slots.voltage, bus_v);
  fields.set_si(slots.current, (flow.charger_w - flow.inverter_w) / bus_v);
  fields.set_si(slots.bus_voltage,
                running ? kInnerBus_v + 0.4 * now.noise(11) : kInnerBusResidual_v);
  fields.set_si(slots.temperature, sink_c);
  fields.set(slots.fan, std::clamp((rounded(sink_c) - 35) / 8, 0, 3));
  // The document's idle example has shore power, and says AC.
  fields.set(slots.charging_by, by_source == 0 && offer.shore ? 1 : by_source);
  fields.set(slots.live_inputs, (offer.shore ? 1 : 0) + (flow.pv_w > 0 ? 2 : 0));
  fields.set(slots.state, running ? direction : 0);
  fields.set_si(slots.current_limit, offer.charger ? charger_w / bus_v : 0);
  fields.set_si(slots.requested_current, acceptable_w / bus_v);
  fields.set_si(slots.charging_voltage, bus_v + 0.24);
  fields.set(slots.permission, now.packs.are_on() ? permission : 0);
  fields.set_si(slots.soc, now.packs.soc());
  fields.set(slots.faults, (now.packs.are_too_cold() ? kTooCold : 0) +
                               (now.packs.failed_to_heat() ? kChargingException : 0));
  fields.set(slots.low_power, flow.low_power || !(running || flow.bypass) ? 1 : 0);
}

}  // namespace

void write_report(Fields& fields, const StepResult& now) {
  write_solar(fields, now);
  write_alternator(fields, now);
  write_dc(fields, now);
  write_ac(fields, now);
  write_charger(fields, now);
}

}  // namespace gridloom::sim::kits
