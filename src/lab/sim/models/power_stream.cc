// A PowerStream: two solar inputs and a battery feed one micro-inverter, which covers the home's
// demand: a configured base load and the draw of smart plugs.
//
// Always true of the reported values: all watts are whole ones (times 10 on the wire), and
// invOutputWatts = pv1InputWatts + pv2InputWatts + batInputWatts. Losses are included, as in real
// devices. Without a grid, or switched off, nothing is fed out; the sun may still charge the
// battery.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/battery.h"
#include "sim/decay.h"
#include "sim/energy_balance.h"
#include "sim/kept.h"
#include "sim/model.h"
#include "sim/model_slots.h"
#include "sim/models/household_load.h"
#include "sim/models/parts.h"
#include "sim/models/power_stream_slots.h"
#include "sim/models/resume.h"
#include "sim/models/set_point.h"
#include "sim/roof.h"
#include "sim/rounding.h"
#include "time/iso_text.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace {

using power_stream::Ratings;
using power_stream::Slots;
using wire::Json;
using wire::JsonObject;

// The modules of a balcony: one to the south-east, the other to the south-west behind a tree.
constexpr double kSide_deg = 50;
constexpr double kSideSpread_deg = 12;
constexpr double kTilt_deg = 65;
constexpr double kTreeHeight_deg = 24;
constexpr double kTreeRadius_deg = 8;
constexpr double kSecondPanelShare = 0.98;  // it is dirtier
// How the inverter follows its demand.
constexpr double kDeadTime_ms = 2500;
constexpr double kDeadTimeSpread_ms = 1500;
constexpr double kUp_w_per_s = 60;
constexpr double kDown_w_per_s = 120;
constexpr double kOvershoot = 0.03;
constexpr double kBesideElectronics_k = 6;  // of the battery
// Losses of the link to the platform, each hour.
constexpr double kLosses = 1.0 / 24;
// Reasons that real controllers were seen to keep.
constexpr std::array kRadioLoss = {2, 27};
constexpr std::array kConnectionLoss = {1, 6};
constexpr double kRestarts = 1.0 / 80;
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
  set.rated_w = std::max<std::int64_t>(0, fields.integer(slots.rated));
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
  std::int64_t give_w = 0;     // the most that the battery gives
  std::int64_t battery_w = 0;  // + gives
  std::int64_t plugs_w = 0;
  std::int64_t wanted_w = 0;  // by the home
  std::int64_t demand_w = 0;  // the part within the rating
  std::int64_t served_w = 0;  // what the inverter follows of it by now

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

std::array<Roof, 2> roofs_of(const Chance& chance) {
  const Chance roofs = chance.split("roofs");
  const auto facing = [&roofs](std::uint64_t index, double side_deg) {
    return side_deg + kSideSpread_deg * roofs.normal(index);
  };
  return {Roof({.azimuth_deg = facing(0, -kSide_deg), .tilt_deg = kTilt_deg}),
          Roof({.azimuth_deg = facing(1, kSide_deg),
                .tilt_deg = kTilt_deg,
                .shadow_azimuth_deg = facing(2, kSide_deg),
                .shadow_height_deg = kTreeHeight_deg,
                .shadow_radius_deg = kTreeRadius_deg})};
}

class PowerStream final : public Model {
 public:
  PowerStream(std::shared_ptr<const Slots> slots, Chance chance)
      : slots_(std::move(slots)),
        ratings_(slots_->ratings),
        noise_(chance),
        plugs_(chance),
        roofs_(roofs_of(chance)),
        own_(chance.split("own")) {}

  void start(Fields& fields, const Environment& environment) override;
  void resume(Fields& fields, const Environment& environment, const TimeOff& off,
              const JsonObject& unreported) override;
  [[nodiscard]] JsonObject unreported() const override { return {{kPhysics, kept_of(*this)}}; }
  void keep(this auto& self, auto& kept) {
    kept("battery", self.battery_);
    kept("full", self.full_);
    kept("empty", self.empty_);
    kept("set_point", self.set_point_);
    kept("hour", self.hour_);
    kept("panel", self.celsius_.panel);
    kept("converter", self.celsius_.converter);
    kept("controller", self.celsius_.controller);
  }
  void step(const Environment& environment, Millis dt) override;
  void write(Fields& fields, const Environment& environment) override;
  CommandOutcome command(Fields& fields, const catalog::Command& command, const JsonObject& params,
                         const Environment& environment) override;
  [[nodiscard]] Balance balance() const override { return balance_.balance(); }
  [[nodiscard]] double drawn_w() const override {
    return static_cast<double>(flow_.plugs_w - flow_.output_w());
  }

 private:
  void plug_in(const Fields& fields, const Environment& environment);
  void update_limits();
  [[nodiscard]] Offer offer_of(const Flow& flow) const;
  [[nodiscard]] Flow flow_of(const Environment& environment, Millis dt);
  void offer_sun(const Environment& environment, Flow& flow) const;
  void warm(const Environment& environment, double seconds);
  void flutter(Fields& fields, const Environment& environment);

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
  HouseholdLoad plugs_;
  std::array<Roof, 2> roofs_;
  Chance own_;  // what this device has and others of its kind have not
  SetPoint set_point_{
      {.dead_time = Millis(std::llround(kDeadTime_ms + kDeadTimeSpread_ms * own_.uniform(0))),
       .up_w_per_s = kUp_w_per_s,
       .down_w_per_s = kDown_w_per_s,
       .overshoot = kOvershoot}};
  Battery battery_{Battery::Options{}};
  EnergyBalance balance_;
  Settings set_;
  Flow flow_;
  std::int64_t hour_ = 0;  // since 1970
  Latch full_;
  Latch empty_;
  struct {
    double panel = 0;
    double converter = 0;
    double controller = 0;
  } celsius_;
  Decay cooling_{kCooling_s};
};

void PowerStream::start(Fields& fields, const Environment& environment) {
  battery_ = Battery({.cells = static_cast<int>(ratings_.cells),
                      .capacity_ah = capacity_ah(ratings_.capacity_wh, ratings_.cells),
                      .resistance_ohm = ratings_.resistance_ohm,
                      .soc_percent = fields.si(slots_->soc),
                      .temperature_c = environment.air_c + kBesideElectronics_k});
  celsius_.panel = environment.outdoor_c() + 5;
  celsius_.converter = environment.air_c + 8;
  celsius_.controller = environment.air_c + 25;
  fields.set_text(slots_->tasks_updated, time_text(environment.now));
  plug_in(fields, environment);
  step(environment, Millis(1000));
  write(fields, environment);
}

void PowerStream::resume(Fields& fields, const Environment& environment, const TimeOff& off,
                         const JsonObject& unreported) {
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
  celsius_.panel = rested_c(bounded(fields, slots.panels[0].temperature, kPartTemperature_c),
                            {.to_c = environment.outdoor_c(), .time_s = kCooling_s}, off);
  celsius_.converter = part_c(slots.converter_temperature, kCooling_s);
  celsius_.controller = part_c(slots.controller_temperature, kCooling_s);
  full_.restore(fields.number(slots.requested_current) == 0);
  empty_.restore(fields.on(slots.battery_empty));
  plug_in(fields, environment);
  if (const auto kept = KeptReader::in(unreported)) {
    keep(*kept);
    stand_by(battery_, environment.air_c, off);
    const auto cool = [&](double& part_c, double to_c) {
      part_c = rested_c(part_c, {.to_c = to_c, .time_s = kCooling_s}, off);
    };
    cool(celsius_.panel, environment.outdoor_c());
    cool(celsius_.converter, environment.air_c);
    cool(celsius_.controller, environment.air_c);
  }
  step(environment, kInstant);
  write(fields, environment);
}

// Begins what no report keeps: the household, the set point, the hour of the links' counters.
void PowerStream::plug_in(const Fields& fields, const Environment& environment) {
  hour_ = unix_ms(environment.now) / kHour_ms;
  plugs_.start(environment,
               household::wired_together({household::Circuit::kLiving, household::Circuit::kOffice,
                                          household::Circuit::kRefrigerator}));
  Roof::replace(roofs_, environment);
  set_ = read_settings(fields, *slots_);
  set_point_.jump(static_cast<double>(set_.permanent_w));
}

void PowerStream::step(const Environment& environment, Millis dt) {
  noise_.next_step(environment.now);
  const double seconds = seconds_of(dt);
  update_limits();
  plugs_.advance(environment, dt);
  flow_ = flow_of(environment, dt);
  const auto given_w = static_cast<double>(flow_.battery_w);
  const double efficiency = ratings_.port_efficiency;
  const double port_w = given_w > 0 ? given_w / efficiency : given_w * efficiency;
  battery_.apply(
      {.power_w = -port_w, .seconds = seconds, .air_c = environment.air_c + kBesideElectronics_k});
  balance_.add(battery_);
  balance_.close({.in_w = static_cast<double>(flow_.solar_w()),
                  .out_w = static_cast<double>(flow_.output_w())},
                 dt);
  warm(environment, seconds);
}

void PowerStream::write(Fields& fields, const Environment& environment) {
  const auto& panels = slots_->panels;
  write_panel(fields, panels[0], {.power_w = flow_.pv1_w, .lit = flow_.lit[0], .noise = 1});
  write_panel(fields, panels[1], {.power_w = flow_.pv2_w, .lit = flow_.lit[1], .noise = 2});
  write_battery(fields);
  write_inverter(fields, environment);
  write_demand(fields);
  write_flags(fields);
  flutter(fields, environment);
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
  full_.update_at_limit(soc, {.from = upper_soc, .until = upper_soc - kMargin_percent});
  const double lower_soc = std::max(set_.lower_soc, kEmpty_percent);
  empty_.update_at_limit(soc, {.from = lower_soc, .until = lower_soc + kMargin_percent});
}

Offer PowerStream::offer_of(const Flow& flow) const {
  const double take_w = ratings_.charge_w * ratings_.taper.at(battery_.soc_percent());
  return {.solar_w = flow.offered_w,
          .take_w = full_.on() || flow.blocked ? 0 : round_to_int64(take_w),
          .give_w = flow.give_w};
}

// Both inputs are awake where one of them has light.
void PowerStream::offer_sun(const Environment& environment, Flow& flow) const {
  std::array<std::int64_t, 2> sun_w{};
  for (std::size_t k = 0; k < sun_w.size(); ++k) {
    const double clean = k == 0 ? 1 : kSecondPanelShare;
    const double power_w = ratings_.panel_w.at(k) * roofs_.at(k).sun(environment) * clean *
                           (1 + 0.01 * noise_(3 + 5 * k));
    sun_w.at(k) = std::max<std::int64_t>(0, round_to_int64(power_w));
  }
  const bool light = environment.sun > 0 && std::max(sun_w[0], sun_w[1]) >= ratings_.least_solar_w;
  for (std::size_t k = 0; k < sun_w.size(); ++k) {
    flow.lit.at(k) = light && environment.panels.at(k) > 0 && roofs_.at(k).has_modules();
    if (!light) continue;
    flow.panel_w.at(k) =
        round_to_int64(environment.panels.at(k) * static_cast<double>(sun_w.at(k)));
  }
  flow.offered_w = flow.panel_w[0] + flow.panel_w[1];
}

Flow PowerStream::flow_of(const Environment& environment, Millis dt) {
  Flow flow;
  flow.blocked = !environment.battery_ok;
  flow.grid = environment.grid_up;
  flow.connected = environment.grid_up && set_.on;
  offer_sun(environment, flow);
  if (flow.grid) {
    const double plugs_w = plugs_.power_w(environment, ratings_.plug_share);
    flow.plugs_w = std::clamp<std::int64_t>(round_to_int64(plugs_w), 0, ratings_.most_plugs_w);
  }
  flow.wanted_w = set_.permanent_w + flow.plugs_w;
  flow.demand_w = flow.connected ? std::min(flow.wanted_w, set_.rated_w) : 0;
  if (flow.connected) {
    const double power_w = set_point_.follow(static_cast<double>(flow.demand_w), dt);
    flow.served_w = std::clamp<std::int64_t>(round_to_int64(power_w), 0, set_.rated_w);
  } else {
    set_point_.stop();
  }

  flow.give_w = empty_.on() || flow.blocked ? 0 : round_to_int64(ratings_.discharge_w);
  const Offer offer = offer_of(flow);
  const std::int64_t most_output_w =
      set_.feeds_grid && flow.connected ? set_.rated_w : flow.served_w;
  const Split split = set_.battery_first ? split_battery_first(offer, most_output_w)
                                         : split_home_first(offer, flow.served_w, most_output_w);
  flow.battery_w = split.battery_w;
  // Unused power is curtailed at both panels in proportion.
  flow.pv1_w = flow.offered_w > 0 ? split.solar_w * flow.panel_w[0] / flow.offered_w : 0;
  flow.pv2_w = split.solar_w - flow.pv1_w;
  return flow;
}

// The module is outside, the rest where the device is.
void PowerStream::warm(const Environment& environment, double seconds) {
  const double decay = cooling_.over(seconds);
  const auto follow = [&](double& now_c, double air_c, double rise_c) {
    now_c = settle(now_c, {.to = air_c + rise_c, .decay = decay});
  };
  const auto solar_w = static_cast<double>(flow_.solar_w());
  const auto battery_w = static_cast<double>(std::abs(flow_.battery_w));
  follow(celsius_.panel, environment.outdoor_c(), 4 + 0.03 * solar_w);
  follow(celsius_.converter, environment.air_c, 6 + 0.03 * battery_w);
  follow(celsius_.controller, environment.air_c, 22 + 0.02 * static_cast<double>(flow_.output_w()));
}

// Radio and controller fail now and then; the controller keeps the reason of the last loss.
void PowerStream::flutter(Fields& fields, const Environment& environment) {
  const std::int64_t hour = unix_ms(environment.now) / kHour_ms;
  if (hour == hour_) return;
  hour_ = hour;
  const auto index = static_cast<std::uint64_t>(hour);
  const std::int64_t now_s = unix_ms(environment.now) / 1000;
  if (own_.split("loss").uniform(index) < kLosses) {
    constexpr std::int64_t kLater_s = 4;  // the connection notices it after the radio
    const std::size_t reason = own_.split("reason").uniform(index) < 0.5 ? 0 : 1;
    fields.set(slots_->radio_loss, kRadioLoss.at(reason));
    fields.set(slots_->radio_lost_at, now_s);
    fields.set(slots_->connection_loss, kConnectionLoss.at(reason));
    fields.set(slots_->connection_lost_at, now_s + kLater_s);
  }
  if (own_.split("restart").uniform(index) < kRestarts) fields.add_si(slots_->restarts, 1);
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
  fields.set_si(slots.temperature, celsius_.panel);
  fields.set(slots.state, panel.lit ? 4 : 1);
}

void PowerStream::write_battery(Fields& fields) const {
  const Slots& slots = *slots_;
  const double volts = battery_.voltage_v();
  fields.set_si(slots.soc, battery_.soc_percent());
  fields.set_si(slots.battery_power, flow_.battery_w);
  fields.set_si(slots.battery_voltage, volts);
  fields.set_si(slots.battery_converter_voltage, volts + 0.2 + 0.05 * noise_(9));
  fields.set_si(slots.battery_current, -battery_.current_a());
  fields.set_si(slots.battery_temperature, std::round(battery_.temperature_c()));
  fields.set_si(slots.requested_voltage, volts + 2 + 0.05 * noise_(10));
  fields.set_si(slots.requested_current, full_.on() ? 0 : kBatteryRequest_a);
  fields.set_si(slots.time_to_full, battery_.minutes_to_full({.soc_percent = set_.upper_soc,
                                                              .longest_min = kLongestCharge_min}));
  fields.set_si(slots.time_to_empty,
                battery_.minutes_to_empty(
                    {.soc_percent = set_.lower_soc, .longest_min = kLongestDischarge_min}));
  fields.set_si(slots.converter_temperature, celsius_.converter);
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
  fields.set_si(slots.controller_temperature, celsius_.controller);
  if (noise_.is_minute()) fields.set_si(slots.signal, -54 + 2 * noise_(7));
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
  const bool short_of = flow_.output_w() < flow_.served_w;
  fields.set(slots.solar_held_back, held_back ? 1 : 0);
  fields.set(slots.feed_in_prevented, held_back && !set_.feeds_grid && flow_.connected ? 1 : 0);
  fields.set(slots.demand_limited, flow_.demand_w < flow_.wanted_w ? 1 : 0);
  fields.set_si(slots.battery_output_limit, static_cast<double>(flow_.give_w));
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
