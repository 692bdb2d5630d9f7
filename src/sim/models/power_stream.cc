// A PowerStream: two solar inputs and a battery feed one micro-inverter, which covers the home's
// demand: a configured base load and the draw of smart plugs.
//
// Always true of the reported values: all watts are whole ones (times 10 on the wire), and
// invOutputWatts = pv1InputWatts + pv2InputWatts + batInputWatts. Losses are included, as in real
// devices. Without a grid, or switched off, nothing is fed out; the sun may still charge the
// battery.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/battery.h"
#include "sim/decay.h"
#include "sim/energy_balance.h"
#include "sim/model.h"
#include "sim/model_slots.h"
#include "sim/models/parts.h"
#include "sim/models/resume.h"
#include "sim/rounding.h"
#include "time/iso_text.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr double kSecondPanelShare = 0.96;  // its position is slightly worse
constexpr double kPanel_v = 30;
constexpr double kPanelOpen_v = 37;
constexpr double kMargin_percent = 1;
constexpr double kCooling_s = 900;  // after this time constant, components have settled
// Limits of the charge, so that no step goes past full or empty.
constexpr double kFull_percent = 99.7;
constexpr double kEmpty_percent = 1.5;
constexpr double kBatteryRequest_a = 20;
constexpr double kReactive_a = 0.497;  // drawn by the filter at no load
constexpr int kLongestCharge_min = 5939;
constexpr int kLongestDischarge_min = 5999;

// The platform's format: "2024-07-06 01:50:27".
std::string time_text(TimePoint at) { return time::clock_text(at, {}); }

Json unset_task(std::int64_t index) {
  const JsonObject never = {{"sec", 0},   {"week", 0}, {"min", 0}, {"hour", 0},
                            {"month", 0}, {"year", 0}, {"day", 0}};
  return JsonObject{{"taskIndex", index},
                    {"type", 0},
                    {"timeRange", JsonObject{{"isConfig", false},
                                             {"timeData", 0},
                                             {"timeMode", 0},
                                             {"startTime", never},
                                             {"stopTime", never},
                                             {"isEnable", false}}}};
}

bool is_set(const Json& task) {
  const Json* range = wire::member(task, "timeRange");
  const Json* flag = range == nullptr ? nullptr : wire::member(*range, "isConfig");
  return flag != nullptr && flag->is_bool() && flag->get_bool();
}

// Capacities, powers and efficiencies, from the section `physics`.
struct Ratings {
  double panel_w = 0;
  std::int64_t least_solar_w = 0;
  double capacity_wh = 0;
  double cells = 0;
  double resistance_ohm = 0;
  double charge_w = 0;
  double discharge_w = 0;
  double port_efficiency = 1;  // to and from the battery; no report shows it
  Taper taper;
  double plug_share = 0;  // of the household, on smart plugs
  std::int64_t most_plugs_w = 0;
};

struct Slots : ModelSlots {
  using ModelSlots::ModelSlots;

  Ratings ratings = {.panel_w = rating("pv_inputs.panels", "rated_w"),
                     .least_solar_w = std::llround(rating("model", "least_solar_w")),
                     .capacity_wh = rating("batteries.battery", "capacity_wh"),
                     .cells = rating("batteries.battery", "cells"),
                     .resistance_ohm = rating("batteries.battery", "resistance_ohm"),
                     .charge_w = rating("batteries.battery", "charge_w"),
                     .discharge_w = rating("batteries.battery", "discharge_w"),
                     .port_efficiency = rating("batteries.battery", "efficiency"),
                     .taper = {.from_percent = rating("batteries.battery", "taper_percent"),
                               .end_share = rating("batteries.battery", "taper_share")},
                     .plug_share = rating("loads.plugs", "household_share"),
                     .most_plugs_w = std::llround(rating("model", "most_plugs_w"))};

  struct Panel {
    Slot power;
    Slot voltage;
    Slot target_voltage;
    Slot converter_voltage;
    Slot current;
    Slot temperature;
    Slot state;
  };
  std::array<Panel, 2> panels = {panel("20_1.pv1"), panel("20_1.pv2")};

  Slot soc = number("20_1.batSoc", "%");
  Slot battery_power = number("20_1.batInputWatts", "W");
  Slot battery_voltage = number("20_1.batInputVolt", "V");
  Slot battery_converter_voltage = number("20_1.batOpVolt", "V");
  Slot battery_current = number("20_1.batInputCur", "A");
  Slot battery_temperature = number("20_1.batTemp", "°C");
  Slot requested_voltage = number("20_1.bmsReqChgVol", "V");
  Slot requested_current = number("20_1.bmsReqChgAmp", "A");
  Slot time_to_full = number("20_1.chgRemainTime", "min");
  Slot time_to_empty = number("20_1.dsgRemainTime", "min");
  Slot converter_temperature = number("20_1.llcTemp", "°C");
  Slot converter_voltage = number("20_1.llcOpVolt", "V");

  Slot output = number("20_1.invOutputWatts", "W");
  Slot limited_output = number("20_1.floadLimitOut", "W");
  Slot group_output = number("20_1.geneWatt", "W");
  Slot ac_voltage = number("20_1.invOpVolt", "V");
  Slot dc_voltage = number("20_1.invInputVolt", "V");
  Slot frequency = number("20_1.invFreq", "Hz");
  Slot output_current = number("20_1.invOutputCur", "A");
  Slot inverter_state = number("20_1.invStatue");
  Slot relay_state = number("20_1.invRelayStatus");
  Slot controller_temperature = number("20_1.espTempsensor", "°C");
  Slot signal = number("20_1.wifiRssi", "dBm");

  Slot solar_power = number("20_1.pvToInvWatts", "W");
  Slot plugs = number("20_1.plugTotalWatts", "W");
  Slot dynamic_demand = number("20_1.dynamicWatts", "W");
  Slot group_demand = number("20_1.consWatt", "W");
  Slot home_demand = number("20_1.spaceDemandWatts", "W");
  Slot demand = number("20_1.invDemandWatts", "W");
  Slot to_plugs = number("20_1.invToPlugWatts", "W");
  Slot to_others = number("20_1.invToOtherWatts", "W");
  Slot plugs_from_grid = number("20_1.gridConsWatts", "W");

  Slot solar_held_back = number("20_1.invLoadLimitFlag");
  Slot feed_in_prevented = number("20_1.antiBackFlowFlag");
  Slot demand_limited = number("20_1.uwloadLimitFlag");
  Slot battery_limited = number("20_1.batLoadLimitFlag");
  Slot battery_empty = number("20_1.uwsocFlag");
  Slot dark = number("20_1.uwlowLightFlag");
  Slot connected = number("20_1.interfaceConnFlag");
  Slot updated = json("20_1.updateTime");

  // Settings.
  Slot on = number("20_1.invOnOff");
  Slot battery_first = number("20_1.supplyPriority");
  Slot feed_in_forbidden = number("20_1.feedProtect");
  Slot permanent_demand = number("20_1.permanentWatts", "W");
  Slot rated = number("20_1.ratedPower", "W");
  Slot lower_limit = number("20_1.lowerLimit", "%");
  Slot upper_limit = number("20_1.upperLimit", "%");

  std::array<Slot, 11> tasks = task_slots();
  Slot tasks_updated = json("20_134.updateTime");

 private:
  Panel panel(const std::string& input) {
    return {.power = number(input + "InputWatts", "W"),
            .voltage = number(input + "InputVolt", "V"),
            .target_voltage = number(input + "VolInTag", "V"),
            .converter_voltage = number(input + "OpVolt", "V"),
            .current = number(input + "InputCur", "A"),
            .temperature = number(input + "Temp", "°C"),
            .state = number(input + "Statue")};
  }
  std::array<Slot, 11> task_slots() {
    std::array<Slot, 11> slots;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      slots.at(i) = json(fmt::format("20_134.task{}", i + 1));
    }
    return slots;
  }
};

struct Settings {
  bool on = true;
  bool battery_first = false;
  bool feeds_grid = false;
  std::int64_t permanent_w = 0;
  std::int64_t rated_w = 800;
  double lower_soc = 10;
  double upper_soc = 100;
};

Settings read_settings(const Fields& fields, const Slots& slots) {
  Settings set;
  set.on = fields.on(slots.on);
  set.battery_first = fields.on(slots.battery_first);
  set.feeds_grid = !fields.on(slots.feed_in_forbidden);
  set.permanent_w = fields.integer(slots.permanent_demand);
  set.rated_w = fields.integer(slots.rated);
  set.lower_soc = fields.si(slots.lower_limit);
  set.upper_soc = fields.si(slots.upper_limit);
  return set;
}

// The energy flow in this step, in whole watts.
struct Flow {
  bool grid = false;
  bool connected = false;     // the inverter to the grid
  bool blocked = false;       // the battery's protection blocks charging and discharging
  std::array<bool, 2> lit{};  // the panels have a voltage
  std::array<std::int64_t, 2> panel_w{};  // available
  std::int64_t offered_w = 0;             // both
  std::int64_t pv1_w = 0;
  std::int64_t pv2_w = 0;
  std::int64_t battery_w = 0;  // + gives
  std::int64_t plugs_w = 0;
  std::int64_t wanted_w = 0;  // by the home
  std::int64_t demand_w = 0;  // the part within the rating

  [[nodiscard]] std::int64_t solar_w() const { return pv1_w + pv2_w; }
  [[nodiscard]] std::int64_t output_w() const { return solar_w() + battery_w; }
};

// The powers that the battery can take and give, and the available solar power.
struct Offer {
  std::int64_t solar_w = 0;
  std::int64_t take_w = 0;
  std::int64_t give_w = 0;
};

struct Split {
  std::int64_t solar_w = 0;    // used
  std::int64_t battery_w = 0;  // + gives
};

// Battery first: the home gets the solar power that the battery does not take, and nothing from the
// battery.
Split split_battery_first(const Offer& offer, std::int64_t most_output_w) {
  const std::int64_t charge_w = std::min(offer.solar_w, offer.take_w);
  const std::int64_t output_w = std::min(offer.solar_w - charge_w, most_output_w);
  return {.solar_w = charge_w + output_w, .battery_w = -charge_w};
}

// Home first, from the sun and then the battery; the surplus charges, and then feeds the grid.
Split split_home_first(const Offer& offer, std::int64_t demand_w, std::int64_t most_output_w) {
  const std::int64_t home_w = std::min(offer.solar_w, demand_w);
  if (home_w < demand_w || offer.solar_w == home_w) {
    return {.solar_w = home_w, .battery_w = std::min(demand_w - home_w, offer.give_w)};
  }
  const std::int64_t charge_w = std::min(offer.solar_w - home_w, offer.take_w);
  const std::int64_t feed_w = std::min(offer.solar_w - home_w - charge_w,
                                       std::max<std::int64_t>(0, most_output_w - home_w));
  return {.solar_w = home_w + charge_w + feed_w, .battery_w = -charge_w};
}

class PowerStream final : public Model {
 public:
  PowerStream(std::shared_ptr<const Slots> slots, Chance chance)
      : slots_(std::move(slots)), ratings_(slots_->ratings), noise_(chance) {}

  void start(Fields& fields, const Environment& environment) override;
  void resume(Fields& fields, const Environment& environment, const TimeOff& off,
              const JsonObject& unreported) override;
  void step(const Environment& environment, Millis dt) override;
  void write(Fields& fields, const Environment& environment) override;
  CommandOutcome command(Fields& fields, const catalog::Command& command, const JsonObject& params,
                         const Environment& environment) override;
  [[nodiscard]] Balance balance() const override { return balance_.balance(); }

 private:
  void update_limits();
  [[nodiscard]] Offer offer_of(const Flow& flow) const;
  [[nodiscard]] Flow flow_of(const Environment& environment) const;
  void warm(double air_c, double seconds);

  struct Panel {
    std::int64_t power_w = 0;
    bool lit = false;
    std::uint64_t noise = 0;
  };
  void write_panel(Fields& fields, const Slots::Panel& slots, const Panel& panel) const;
  void write_battery(Fields& fields) const;
  void write_inverter(Fields& fields, const Environment& environment) const;
  void write_demand(Fields& fields) const;
  void write_flags(Fields& fields) const;

  std::shared_ptr<const Slots> slots_;
  const Ratings& ratings_;
  Noise noise_;
  Battery battery_{Battery::Options{}};
  EnergyBalance balance_;
  Settings set_;
  Flow flow_;
  Latch full_;
  Latch empty_;
  double panel_c_ = 0;
  double converter_c_ = 0;
  double controller_c_ = 0;
  Decay cooling_{kCooling_s};
};

void PowerStream::start(Fields& fields, const Environment& environment) {
  battery_ = Battery({.cells = static_cast<int>(ratings_.cells),
                      .capacity_ah = capacity_ah(ratings_.capacity_wh, ratings_.cells),
                      .resistance_ohm = ratings_.resistance_ohm,
                      .soc_percent = fields.si(slots_->soc),
                      .temperature_c = environment.air_c + 4});
  panel_c_ = environment.air_c + 5;
  converter_c_ = environment.air_c + 8;
  controller_c_ = environment.air_c + 25;
  fields.set_text(slots_->tasks_updated, time_text(environment.now));
  set_ = read_settings(fields, *slots_);
  step(environment, Millis(1000));
  write(fields, environment);
}

void PowerStream::resume(Fields& fields, const Environment& environment, const TimeOff& off,
                         const JsonObject& /*unreported*/) {
  const Slots& slots = *slots_;
  const auto part_c = [&](Slot slot, double time_s) {
    return rested_c(bounded(fields, slot, kPartTemperature_c),
                    {.to_c = environment.air_c, .time_s = time_s}, off);
  };
  battery_ = Battery({.cells = static_cast<int>(ratings_.cells),
                      .capacity_ah = capacity_ah(ratings_.capacity_wh, ratings_.cells),
                      .resistance_ohm = ratings_.resistance_ohm,
                      .soc_percent = rested_soc(bounded(fields, slots.soc, kSocPercent), off),
                      .temperature_c = part_c(slots.battery_temperature, kBatteryCooling_s)});
  panel_c_ = part_c(slots.panels[0].temperature, kCooling_s);
  converter_c_ = part_c(slots.converter_temperature, kCooling_s);
  controller_c_ = part_c(slots.controller_temperature, kCooling_s);
  full_.restore(fields.number(slots.requested_current) == 0);
  empty_.restore(fields.on(slots.battery_empty));
  set_ = read_settings(fields, slots);
  step(environment, kInstant);
  write(fields, environment);
}

void PowerStream::step(const Environment& environment, Millis dt) {
  noise_.next_step();
  const double seconds = seconds_of(dt);
  update_limits();
  flow_ = flow_of(environment);
  const auto given_w = static_cast<double>(flow_.battery_w);
  const double efficiency = ratings_.port_efficiency;
  const double port_w = given_w > 0 ? given_w / efficiency : given_w * efficiency;
  battery_.apply({.power_w = -port_w, .seconds = seconds, .air_c = environment.air_c});
  balance_.add(battery_);
  balance_.close({.in_w = static_cast<double>(flow_.solar_w()),
                  .out_w = static_cast<double>(flow_.output_w())},
                 dt);
  warm(environment.air_c, seconds);
}

void PowerStream::write(Fields& fields, const Environment& environment) {
  const auto& panels = slots_->panels;
  write_panel(fields, panels[0], {.power_w = flow_.pv1_w, .lit = flow_.lit[0], .noise = 1});
  write_panel(fields, panels[1], {.power_w = flow_.pv2_w, .lit = flow_.lit[1], .noise = 2});
  write_battery(fields);
  write_inverter(fields, environment);
  write_demand(fields);
  write_flags(fields);
  fields.set_text(slots_->updated, time_text(environment.now));
}

CommandOutcome PowerStream::command(Fields& fields, const catalog::Command& command,
                                    const JsonObject& params, const Environment& environment) {
  CommandOutcome outcome;
  if (command.name == "deleteTask") {
    const std::int64_t index = wire::whole(params.at("taskIndex"));
    const Slot task = slots_->tasks.at(static_cast<std::size_t>(index));
    outcome.ack = is_set(fields.get(task)) ? 0 : 1;
    fields.set(task, unset_task(index));
    if (outcome.ack == 0) fields.set_text(slots_->tasks_updated, time_text(environment.now));
  }
  set_ = read_settings(fields, *slots_);
  noise_.repeat();
  step(environment, kInstant);
  write(fields, environment);
  return outcome;
}

// Limits hold until the charge is well past them again, so that outputs do not flap.
void PowerStream::update_limits() {
  const double soc = battery_.soc_percent();
  const double upper_soc = std::min(set_.upper_soc, kFull_percent);
  full_.update(soc, {.from = upper_soc, .until = upper_soc - kMargin_percent});
  const double lower_soc = std::max(set_.lower_soc, kEmpty_percent);
  empty_.update(soc, {.from = lower_soc, .until = lower_soc + kMargin_percent});
}

Offer PowerStream::offer_of(const Flow& flow) const {
  const double take_w = ratings_.charge_w * ratings_.taper.at(battery_.soc_percent());
  return {.solar_w = flow.offered_w,
          .take_w = full_.on() || flow.blocked ? 0 : round_to_int64(take_w),
          .give_w = empty_.on() || flow.blocked ? 0 : round_to_int64(ratings_.discharge_w)};
}

Flow PowerStream::flow_of(const Environment& environment) const {
  Flow flow;
  flow.blocked = !environment.battery_ok;
  flow.grid = environment.grid_up;
  flow.connected = environment.grid_up && set_.on;
  const double sun_w = ratings_.panel_w * environment.sun * (1 + 0.01 * noise_(3));
  const std::int64_t first_w = std::max<std::int64_t>(0, round_to_int64(sun_w));
  const auto second_w = static_cast<std::int64_t>(kSecondPanelShare * static_cast<double>(first_w));
  const bool light = second_w >= ratings_.least_solar_w;
  const std::array<std::int64_t, 2> sun_on_w = {first_w, second_w};
  for (std::size_t k = 0; k < flow.panel_w.size(); ++k) {
    flow.lit.at(k) = light && environment.panels.at(k) > 0;
    if (!light) continue;
    flow.panel_w.at(k) =
        round_to_int64(environment.panels.at(k) * static_cast<double>(sun_on_w.at(k)));
  }
  flow.offered_w = flow.panel_w[0] + flow.panel_w[1];
  if (flow.grid) {
    const double plugs_w = ratings_.plug_share * environment.household_w * (1 + 0.02 * noise_(4));
    flow.plugs_w = std::clamp<std::int64_t>(round_to_int64(plugs_w), 0, ratings_.most_plugs_w);
  }
  flow.wanted_w = set_.permanent_w + flow.plugs_w;
  flow.demand_w = flow.connected ? std::min(flow.wanted_w, set_.rated_w) : 0;

  const Offer offer = offer_of(flow);
  const std::int64_t most_output_w =
      set_.feeds_grid && flow.connected ? set_.rated_w : flow.demand_w;
  const Split split = set_.battery_first ? split_battery_first(offer, most_output_w)
                                         : split_home_first(offer, flow.demand_w, most_output_w);
  flow.battery_w = split.battery_w;
  // Unused power is curtailed at both panels in proportion.
  flow.pv1_w = flow.offered_w > 0 ? split.solar_w * flow.panel_w[0] / flow.offered_w : 0;
  flow.pv2_w = split.solar_w - flow.pv1_w;
  return flow;
}

void PowerStream::warm(double air_c, double seconds) {
  const double decay = cooling_.over(seconds);
  const auto follow = [&](double& now_c, double rise_c) {
    now_c = settle(now_c, {.to = air_c + rise_c, .decay = decay});
  };
  const auto solar_w = static_cast<double>(flow_.solar_w());
  const auto battery_w = static_cast<double>(std::abs(flow_.battery_w));
  follow(panel_c_, 4 + 0.03 * solar_w);
  follow(converter_c_, 6 + 0.03 * battery_w);
  follow(controller_c_, 22 + 0.02 * static_cast<double>(flow_.output_w()));
}

void PowerStream::write_panel(Fields& fields, const Slots::Panel& slots, const Panel& panel) const {
  const auto power_w = static_cast<double>(panel.power_w);
  double volts = panel.lit ? (panel.power_w > 0 ? kPanel_v : kPanelOpen_v) : 0;
  volts *= 1 + 0.005 * noise_(panel.noise);
  fields.set_si(slots.power, power_w);
  fields.set_si(slots.voltage, volts);
  fields.set_si(slots.target_voltage, volts);
  fields.set_si(slots.converter_voltage, volts - (panel.lit ? 0.08 : 0));
  fields.set_si(slots.current, volts > 0 ? floor_to(power_w / volts, 10) : 0);
  fields.set_si(slots.temperature, panel_c_);
  fields.set(slots.state, panel.lit ? 4 : 1);
}

void PowerStream::write_battery(Fields& fields) const {
  const Slots& slots = *slots_;
  const double volts = battery_.voltage_v();
  fields.set_si(slots.soc, battery_.soc_percent());
  fields.set_si(slots.battery_power, flow_.battery_w);
  fields.set_si(slots.battery_voltage, volts);
  fields.set_si(slots.battery_converter_voltage, volts + 0.2);
  fields.set_si(slots.battery_current, -battery_.current_a());
  fields.set_si(slots.battery_temperature, std::round(battery_.temperature_c()));
  fields.set_si(slots.requested_voltage, volts + 2);
  fields.set_si(slots.requested_current, full_.on() ? 0 : kBatteryRequest_a);
  fields.set_si(slots.time_to_full, battery_.minutes_to_full({.soc_percent = set_.upper_soc,
                                                              .longest_min = kLongestCharge_min}));
  fields.set_si(slots.time_to_empty,
                battery_.minutes_to_empty(
                    {.soc_percent = set_.lower_soc, .longest_min = kLongestDischarge_min}));
  fields.set_si(slots.converter_temperature, converter_c_);
  fields.set_si(slots.converter_voltage, flow_.battery_w == 0 ? 0.07 : 42.35);
}

void PowerStream::write_inverter(Fields& fields, const Environment& environment) const {
  const Slots& slots = *slots_;
  const auto output_w = static_cast<double>(flow_.output_w());
  const double volts = flow_.grid ? environment.grid_v + 0.1 * noise_(5) : 0;
  const double active_a = volts > 0 ? output_w / volts : 0;
  fields.set_si(slots.output, output_w);
  fields.set_si(slots.limited_output, output_w);
  fields.set_si(slots.group_output, output_w);
  fields.set_si(slots.ac_voltage, volts);
  fields.set_si(slots.frequency, flow_.grid ? environment.grid_hz : 0);
  fields.set_si(slots.output_current, flow_.connected ? std::hypot(active_a, kReactive_a) : 0);
  fields.set_si(slots.dc_voltage, 46.8 + 0.01 * noise_(6));
  fields.set(slots.inverter_state, flow_.output_w() > 0 ? 6 : 1);
  fields.set(slots.relay_state, flow_.output_w() > 0 ? 8 : 17);
  fields.set_si(slots.controller_temperature, controller_c_);
  if (noise_.step() % 30 == 1) fields.set_si(slots.signal, -54 + 2 * noise_(7));
}

void PowerStream::write_demand(Fields& fields) const {
  const Slots& slots = *slots_;
  const std::int64_t to_plugs_w = std::min(flow_.output_w(), flow_.plugs_w);
  fields.set_si(slots.solar_power, flow_.solar_w());
  fields.set_si(slots.plugs, flow_.plugs_w);
  fields.set_si(slots.dynamic_demand, flow_.plugs_w);
  fields.set_si(slots.group_demand, -flow_.plugs_w);
  fields.set_si(slots.home_demand, flow_.wanted_w);
  fields.set_si(slots.demand, flow_.demand_w);
  fields.set_si(slots.to_plugs, to_plugs_w);
  fields.set_si(slots.to_others, flow_.output_w() - to_plugs_w);
  fields.set_si(slots.plugs_from_grid, flow_.plugs_w - to_plugs_w);
}

void PowerStream::write_flags(Fields& fields) const {
  const Slots& slots = *slots_;
  const bool held_back = flow_.solar_w() < flow_.offered_w;
  const bool short_of = flow_.output_w() < flow_.demand_w;
  fields.set(slots.solar_held_back, held_back ? 1 : 0);
  fields.set(slots.feed_in_prevented, held_back && !set_.feeds_grid && flow_.connected ? 1 : 0);
  fields.set(slots.demand_limited, flow_.demand_w < flow_.wanted_w ? 1 : 0);
  fields.set(slots.battery_limited, short_of && !set_.battery_first ? 1 : 0);
  fields.set(slots.battery_empty, short_of && empty_.on() ? 1 : 0);
  fields.set(slots.dark, flow_.lit[0] || flow_.lit[1] ? 0 : 1);
  fields.set(slots.connected, (flow_.grid ? 1 : 0) + 2 + 4 + 8);
}

}  // namespace

Result<ModelMaker> power_stream_maker(const FieldTablePtr& table) {
  return maker_of<PowerStream, Slots>(table);
}

}  // namespace gridloom::sim
