// A DELTA 2: battery, inverter, wall charger, solar input, car socket and USB around one DC bus.
//
// Each step computes the energy flow from the settings (delta_2_flow.h) and moves the battery; all
// numbers are written together (delta_2_report.h), so that they are consistent: no more comes out
// than goes in and is taken from the battery. Settings are never changed, except for switches that
// go off after their standby time, and on by themselves if the user configured that. Asleep, the
// unit has all outputs off; the radio stays on, and any use or command wakes it.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/battery.h"
#include "sim/battery_bank.h"
#include "sim/decay.h"
#include "sim/energy_balance.h"
#include "sim/kept.h"
#include "sim/model.h"
#include "sim/model_slots.h"
#include "sim/models/cell_spread.h"
#include "sim/models/delta_2_flow.h"
#include "sim/models/delta_2_report.h"
#include "sim/models/delta_2_slots.h"
#include "sim/models/parts.h"
#include "sim/models/resume.h"
#include "sim/rounding.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace {

using delta_2::Flow;
using delta_2::Settings;
using delta_2::Slots;

constexpr double kCabinet_k = 3;               // its electronics warm it
constexpr std::int64_t kEmptyGoesOff_min = 5;  // without any input
// Unreported: the outputs that an empty battery gave up, as bits.
constexpr std::string_view kGivenUp = "givenUp";

class Delta2 final : public Model {
 public:
  Delta2(std::shared_ptr<const Slots> slots, Chance chance)
      : slots_(std::move(slots)),
        planner_(slots_->ratings, chance),
        noise_(chance),
        own_(chance.split("own")),
        batteries_({.charge_w = slots_->ratings.charge_w,
                    .discharge_w = slots_->ratings.discharge_w,
                    .taper = slots_->ratings.taper},
                   slots_->extra, chance),
        cells_(own_) {}

  void start(Fields& fields, const Environment& environment) override;
  void resume(Fields& fields, const Environment& environment, const TimeOff& off,
              const wire::JsonObject& unreported) override;
  [[nodiscard]] wire::JsonObject unreported() const override;
  [[nodiscard]] std::uint64_t unreported_version() const override;
  void keep(this auto& self, auto& kept) {
    kept("bank", self.batteries_);
    kept("planner", self.planner_);
    kept("had_mains", self.had_mains_);
    kept("had_bypass", self.had_bypass_);
    kept("had_charger", self.had_charger_);
    kept("asleep", self.set_.asleep);
    kept("tripped", self.tripped_);
    kept("ac_idle", self.ac_idle_);
    kept("car_idle", self.car_idle_);
    kept("unit_idle", self.unit_idle_);
    kept("empty_idle", self.empty_idle_);
    kept("inverter", self.inverter_c_);
    kept("solar", self.solar_c_);
    kept("socket", self.socket_c_);
    kept("uncounted", self.uncounted_);
  }
  void step(const Environment& environment, Millis dt) override;
  void write(Fields& fields, const Environment& environment) override;
  CommandOutcome command(Fields& fields, const catalog::Command& command,
                         const wire::JsonObject& params, const Environment& environment) override;
  [[nodiscard]] Balance balance() const override { return balance_.balance(); }
  [[nodiscard]] double drawn_w() const override { return flow_.ac_in_w(); }

 private:
  void go_on(const KeptReader& kept, const physics::Resumed& resumed);
  void read(const Fields& fields);
  void switch_by_itself(TimePoint now, Millis dt);
  void come_back();
  void write_switches(Fields& fields);
  void warm(double air_c, double seconds);
  void count(double seconds);

  // The switches that changed by themselves since the fields were written.
  struct Switched {
    bool ac = false;
    bool car = false;
    bool usb = false;
    bool wall = false;
    int relay = 0;  // number of switching operations
  };
  enum Counters : std::uint8_t {
    kAcIn,
    kSolar,
    kCar,
    kAcOut,
    kDcOut,
    kInverterTime,
    kSolarTime,
    kCarInTime,
    kCarTime,
    kUsbTime,
    kFastUsbTime,
    kTypeCTime
  };

  // By Counters.
  static constexpr std::array kCounters = {
      &Slots::ac_in_energy,  &Slots::solar_energy,  &Slots::adapter_energy, &Slots::ac_out_energy,
      &Slots::dc_out_energy, &Slots::inverter_time, &Slots::solar_time,     &Slots::adapter_time,
      &Slots::car_time,      &Slots::usb_time,      &Slots::fast_usb_time,  &Slots::type_c_time};

  std::shared_ptr<const Slots> slots_;
  delta_2::Planner planner_;
  Noise noise_;
  EnergyBalance balance_;
  Settings set_;
  Flow flow_;
  Switched switched_;
  bool had_mains_ = true;
  bool had_bypass_ = false;
  std::optional<bool> had_charger_;  // nothing: before the first step
  struct Outputs {
    bool ac = false;
    bool car = false;
    bool usb = false;
  };
  std::optional<Outputs> given_up_;  // switched off because the battery is empty
  bool tripped_ = false;  // by an overload of the AC sockets, until they are switched on again
  IdleTimer ac_idle_;
  IdleTimer car_idle_;
  IdleTimer unit_idle_;
  IdleTimer empty_idle_;
  double inverter_c_ = 0;
  double solar_c_ = 0;
  double socket_c_ = 0;
  Decay inverter_cooling_{delta_2::kInverterCooling_s};
  Decay other_cooling_{delta_2::kPartCooling_s};
  double design_ah_ = 0;
  std::array<double, kCounters.size()> uncounted_{};  // less than one is kept for the next report
  Chance own_;  // what this unit has and others of its kind have not
  BatteryBank batteries_;
  CellSpread cells_;
};

void Delta2::start(Fields& fields, const Environment& environment) {
  batteries_.start(Battery({.capacity_ah = fields.si(slots_->full_capacity),
                            .resistance_ohm = slots_->ratings.resistance_ohm,
                            .cycles = fields.si(slots_->cycles),
                            .soc_percent = fields.si(slots_->soc),
                            .temperature_c = environment.air_c + kCabinet_k}),
                   fields, environment);
  design_ah_ = fields.si(slots_->design_capacity);
  inverter_c_ = environment.air_c + 8;
  solar_c_ = environment.air_c + 7;
  socket_c_ = environment.air_c + 6;
  had_mains_ = environment.grid_up;
  planner_.start(environment);
  read(fields);
  step(environment, Millis(1000));
  write(fields, environment);
}

void Delta2::resume(Fields& fields, const Environment& environment, const TimeOff& off,
                    const wire::JsonObject& unreported) {
  const delta_2::LastReport last = delta_2::read_last_report(fields, *slots_, environment, off);
  batteries_.resume(last.battery, {fields, environment, off});
  design_ah_ = last.design_ah;
  inverter_c_ = last.inverter_c;
  solar_c_ = last.solar_c;
  socket_c_ = last.socket_c;
  tripped_ = last.tripped;
  planner_.restore({.full = last.full, .empty = last.empty, .generator = last.generator});
  had_mains_ = environment.grid_up;  // a pause of charging continues
  planner_.start(environment);
  read(fields);
  if (last.asleep) unit_idle_.idle(environment.now, Millis{set_.standby_min * kMinute_ms});
  const wire::Json* given_up = unreported.if_contains(kGivenUp);
  if (given_up != nullptr && wire::is_whole(*given_up)) {
    const auto bits = static_cast<std::uint64_t>(wire::whole(*given_up));
    given_up_ = {.ac = (bits & 1U) != 0, .car = (bits & 2U) != 0, .usb = (bits & 4U) != 0};
    empty_idle_.idle(environment.now, Millis{kEmptyGoesOff_min * kMinute_ms});
  }
  if (const auto kept = KeptReader::in(unreported)) go_on(*kept, {fields, environment, off});
  step(environment, kInstant);
  switched_.relay = 0;
  write(fields, environment);
}

void Delta2::go_on(const KeptReader& kept, const physics::Resumed& resumed) {
  const double air_c = resumed.environment.air_c;
  const TimeOff& off = resumed.off;
  keep(kept);
  batteries_.go_on(resumed);
  inverter_c_ = rested_c(inverter_c_, {.to_c = air_c, .time_s = delta_2::kInverterCooling_s}, off);
  for (double* part_c : {&solar_c_, &socket_c_}) {
    *part_c = rested_c(*part_c, {.to_c = air_c, .time_s = delta_2::kPartCooling_s}, off);
  }
}

wire::JsonObject Delta2::unreported() const {
  wire::JsonObject all{{kPhysics, kept_of(*this)}};
  if (given_up_) all[kGivenUp] = unreported_version() - 1;
  return all;
}

std::uint64_t Delta2::unreported_version() const {
  if (!given_up_) return 0;
  return 1 + (given_up_->ac ? 1U : 0U) + (given_up_->car ? 2U : 0U) + (given_up_->usb ? 4U : 0U);
}

CommandOutcome Delta2::command(Fields& fields, const catalog::Command& /*command*/,
                               const wire::JsonObject& /*params*/, const Environment& environment) {
  for (IdleTimer* timer : {&ac_idle_, &car_idle_, &unit_idle_, &empty_idle_})
    timer->busy(environment.now);
  read(fields);
  noise_.repeat();
  step(environment, kInstant);
  write(fields, environment);
  return {};
}

void Delta2::read(const Fields& fields) {
  const bool asleep = set_.asleep;
  set_ = delta_2::read_settings(fields, *slots_);
  set_.asleep = asleep;
  if (set_.ac_on) tripped_ = false;
}

void Delta2::step(const Environment& environment, Millis dt) {
  noise_.next_step(environment.now);
  batteries_.plug(environment, balance_);
  const double seconds = seconds_of(dt);
  // A pause of charging ends when the plug is connected again.
  if (environment.grid_up && !had_mains_) {
    set_.wall_paused = false;
    switched_.wall = true;
  }
  had_mains_ = environment.grid_up;
  switch_by_itself(environment.now, dt);
  planner_.advance(environment, dt);
  flow_ = planner_.plan(set_, batteries_, environment, noise_);
  if (flow_.overload) {
    tripped_ = switched_.ac = true;
    set_.ac_on = false;
  }
  const double taken_w =
      batteries_.apply({.power_w = flow_.battery_w,
                        .dt = dt,
                        .air_c = environment.air_c + (set_.asleep ? 0 : kCabinet_k),
                        .allowed = !flow_.blocked,
                        .most_percent = set_.max_soc,
                        .least_percent = set_.min_soc});
  // If the battery runs empty in the step, it gives less than requested: the inverter stops.
  const double missing_w = round_half_away(taken_w - flow_.battery_w);
  if (flow_.inverting) flow_.ac_out_w -= std::clamp(missing_w, 0.0, flow_.ac_out_w);
  batteries_.add_to(balance_);
  balance_.close(
      {.in_w = flow_.ac_in_w() + flow_.dc_in_w(), .out_w = flow_.ac_out_w + flow_.dc_out_w()}, dt);
  warm(environment.air_c, seconds);
  // One relay passes the mains on, another one connects the charger.
  const bool has_charger = flow_.wall_w > 0;
  if (flow_.bypass != had_bypass_) ++switched_.relay;
  if (has_charger != had_charger_.value_or(has_charger)) ++switched_.relay;
  had_bypass_ = flow_.bypass;
  had_charger_ = has_charger;
  count(seconds);
}

void Delta2::write(Fields& fields, const Environment& environment) {
  write_switches(fields);
  for (std::size_t i = 0; i < kCounters.size(); ++i) {
    const double whole = std::floor(uncounted_.at(i));
    if (whole < 1) continue;
    uncounted_.at(i) -= whole;
    fields.add_si((*slots_).*kCounters.at(i), whole);
  }
  delta_2::write_report(fields, {.slots = *slots_,
                                 .set = set_,
                                 .flow = flow_,
                                 .planner = planner_,
                                 .batteries = batteries_,
                                 .battery = batteries_.inside(),
                                 .environment = environment,
                                 .noise = noise_,
                                 .tripped = tripped_,
                                 .inverter_c = inverter_c_,
                                 .solar_c = solar_c_,
                                 .socket_c = socket_c_,
                                 .design_ah = design_ah_,
                                 .cells = cells_,
                                 .own = own_});
  batteries_.write(fields);
}

void Delta2::write_switches(Fields& fields) {
  const Slots& slots = *slots_;
  const auto put = [&](std::initializer_list<Slot> switches, bool on) {
    for (const Slot slot : switches) fields.set(slot, on ? 1 : 0);
  };
  const auto& [inverter_ac_on, board_ac_on] = slots.ac_on_elsewhere;
  if (switched_.ac) put({slots.ac_on, inverter_ac_on, board_ac_on}, set_.ac_on);
  if (switched_.car) put({slots.car_on, slots.car_on_elsewhere}, set_.car_on);
  if (switched_.usb) put({slots.usb_on}, set_.usb_on);
  if (switched_.wall) put({slots.wall_paused, slots.wall_paused_elsewhere}, set_.wall_paused);
  if (switched_.relay != 0) fields.add_si(slots.relay_switches, switched_.relay);
  put({slots.awake}, !set_.asleep);
  switched_ = {};
}

// Depends on the flow of the last step.
void Delta2::switch_by_itself(TimePoint now, Millis dt) {
  const bool unused =
      flow_.ac_in_w() + flow_.dc_in_w() == 0 && flow_.ac_out_w + flow_.dc_out_w() == 0;
  set_.ac_on&& flow_.ac_out_w == 0 ? ac_idle_.idle(now, dt) : ac_idle_.busy(now);
  set_.car_on&& flow_.car_w == 0 ? car_idle_.idle(now, dt) : car_idle_.busy(now);
  unused ? unit_idle_.idle(now, dt) : unit_idle_.busy(now);
  // At its limit the battery gives nothing more: the unit switches off, until something charges it.
  const bool empty = planner_.is_empty() && flow_.ac_in_w() + flow_.dc_in_w() == 0;
  empty ? empty_idle_.idle(now, dt) : empty_idle_.busy(now);
  const bool given_up = empty_idle_.reached(kEmptyGoesOff_min);
  if (given_up && !given_up_) given_up_ = {set_.ac_on, set_.car_on, set_.usb_on};
  set_.asleep = unit_idle_.reached(set_.standby_min) || given_up;
  if (given_up_ && !planner_.is_empty()) come_back();
  if (set_.asleep || ac_idle_.reached(set_.ac_standby_min)) {
    set_.ac_on = false;
    switched_.ac = true;
  }
  if (set_.asleep || car_idle_.reached(set_.car_standby_min)) {
    set_.car_on = false;
    switched_.car = true;
  }
  if (set_.asleep) {
    set_.usb_on = false;
    switched_.usb = true;
  }
  const bool enough = batteries_.soc_percent() >= set_.ac_by_itself_soc;
  if (set_.ac_by_itself && enough && !tripped_ && !set_.asleep && !planner_.is_empty()) {
    set_.ac_on = true;
    switched_.ac = true;
  }
}

// Switches the outputs on again that an empty battery gave up, once it has enough charge.
void Delta2::come_back() {
  const auto [ac, car, usb] = *std::exchange(given_up_, std::nullopt);
  set_.ac_on = switched_.ac = (ac && !tripped_) || set_.ac_on;
  set_.car_on = switched_.car = car || set_.car_on;
  set_.usb_on = switched_.usb = usb || set_.usb_on;
}

void Delta2::warm(double air_c, double seconds) {
  const double inverter_decay = inverter_cooling_.over(seconds);
  const double other_decay = other_cooling_.over(seconds);
  inverter_c_ = settle(inverter_c_, {.to = air_c + 6 + 0.02 * (flow_.ac_out_w + flow_.wall_w),
                                     .decay = inverter_decay});
  solar_c_ = settle(solar_c_, {.to = air_c + 6 + 0.04 * flow_.solar_w, .decay = other_decay});
  socket_c_ = settle(socket_c_, {.to = air_c + 5 + 0.06 * flow_.car_w, .decay = other_decay});
}

void Delta2::count(double seconds) {
  const auto add = [&](Counters counter, double amount) { uncounted_.at(counter) += amount; };
  const double hours = seconds / 3600;
  add(kAcIn, flow_.ac_in_w() * hours);
  add(flow_.at_car ? kCar : kSolar, flow_.solar_w * hours);
  add(kCar, flow_.generator_w * hours);
  add(kAcOut, flow_.ac_out_w * hours);
  add(kDcOut, flow_.dc_out_w() * hours);
  const auto add_time = [&](Counters counter, double power_w) {
    if (power_w > 0) add(counter, seconds);
  };
  add_time(kInverterTime, flow_.ac_out_w);
  const double by_plug_w = flow_.generator_w + (flow_.at_car ? flow_.solar_w : 0);
  add_time(kCarInTime, by_plug_w);
  if (!flow_.at_car) add_time(kSolarTime, flow_.solar_w);
  add_time(kCarTime, flow_.car_w);
  add_time(kUsbTime, flow_.usb_w);
  add_time(kFastUsbTime, flow_.fast_usb_w);
  add_time(kTypeCTime, flow_.type_c_w);
}

}  // namespace

Result<ModelMaker> delta_2_maker(const FieldTablePtr& table) {
  return maker_of<Delta2, Slots>(table);
}

}  // namespace gridloom::sim
