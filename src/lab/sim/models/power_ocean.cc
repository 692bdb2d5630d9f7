// A PowerOcean home: two solar strings and two 5 kWh packs, or more, behind a three-phase inverter,
// a heating rod, a heat pump with two zones and hot water, and an EV charger.
//
// Each step computes what the loads draw, lets the battery take the surplus or supply the deficit,
// and leaves the rest to the grid. Always true of the reported values, to the last digit, because
// the sums are computed from the rounded watts: sysLoadPwr = mppt + grid - battery; the phases'
// active powers add up to what the inverter takes; a string's volts times its amperes are its
// watts.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/battery.h"
#include "sim/battery_bank.h"
#include "sim/decay.h"
#include "sim/energy_balance.h"
#include "sim/kept.h"
#include "sim/members.h"
#include "sim/model.h"
#include "sim/model_slots.h"
#include "sim/models/car.h"
#include "sim/models/household_load.h"
#include "sim/models/parts.h"
#include "sim/models/power_ocean_slots.h"
#include "sim/models/resume.h"
#include "sim/regulation.h"
#include "sim/roof.h"
#include "sim/rounding.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace {

using power_ocean::Ratings;
using power_ocean::Slots;
using wire::JsonObject;

constexpr double kHour_s = 3600;
constexpr double kPhase_v = 230;

// Solar: two strings on the two sides of a roof; a chimney shades the second one.
constexpr double kSide_deg = 75;
constexpr double kSideSpread_deg = 15;
constexpr double kTilt_deg = 35;
constexpr double kChimneyHeight_deg = 30;
constexpr double kChimneyRadius_deg = 5;
constexpr std::array<double, 2> kString_v = {398, 364};
constexpr double kString_v_per_k = -0.9;
constexpr double kDawn = 0.003;  // of the sun: below, a string has voltage but no power

constexpr double kHysteresis_percent = 2;  // above empty, before the battery discharges again
constexpr double kBesideInverter_k = 3;    // the packs stand below the inverter

// Hot water: one tank for heat pump and heating rod.
constexpr double kTank_j_per_k = 400 * 4186.0;
constexpr double kTankLoss_w_per_k = 2.2;
constexpr double kTankRoom_c = 20;
constexpr double kRodStep_w = 10;
constexpr double kRodTarget_c = 65;
constexpr double kRodAgain_c = 62;
constexpr double kWaterLow_c = 44;
constexpr double kWaterHigh_c = 50;

// Heat pump.
constexpr std::array<double, 2> kZoneTarget_c = {21.5, 21.0};
constexpr double kZoneTime_s = 30 * kHour_s;
constexpr double kZoneGains_k = 3;  // people, sun and cookers
constexpr double kZoneHeat_k = 30;  // above the outside air, with half of the pump's heat
constexpr double kZoneBand_k = 0.25;
constexpr double kIdle_c = 21;  // the water between pump and consumers, while the pump rests
constexpr double kIdleCooling_s = 1800;

constexpr double kMeterError_w = 4;
constexpr double kLeast_w = 0.5;  // resolution of the reported watts; regulating, it is never 0

constexpr double kReactive_var = 160;

// A pack that neither charges nor discharges feeds its own electronics. A full one is topped up
// after some hours, and an empty one from the grid.
constexpr double kElectronics_w = 4;
constexpr double kTopUp_percent = 0.5;  // below full
constexpr double kUpkeep_percent = 1;   // below empty

// Hot water drawn by the household at this hour: showers in the morning, dishes at night.
double hot_water_w(double hour) {
  if (hour >= 6.5 && hour < 8) return 1500;
  if (hour >= 19 && hour < 21) return 1200;
  return 60;
}

// Heat pump, rooms and hot-water tank.
class Heating {
 public:
  // Rooms and habits differ from home to home.
  Heating(const Ratings& ratings, const Chance& chance)
      : ratings_(ratings),
        warmer_k_(0.4 * chance.normal(0)),
        gains_k_(kZoneGains_k + 0.5 * chance.normal(1)),
        later_h_(0.7 * chance.normal(2)) {}

  // Rooms, tank and water have cooled for the time off.
  void resume(Fields& fields, const Slots& slots, const Environment& environment,
              const TimeOff& off) {
    constexpr Bounds kHeated_c{.low = -20, .high = 90};
    for (const Slot slot : slots.zone_temperature) bounded(fields, slot, kHeated_c);
    for (const Slot slot :
         {slots.tank_temperature, slots.inlet_temperature, slots.outlet_temperature}) {
      bounded(fields, slot, kHeated_c);
    }
    start(fields, slots);
    stand_by(environment, off);
  }

  void stand_by(const Environment& environment, const TimeOff& off) {
    const double unheated_c = environment.air_c + kZoneGains_k;
    for (double& zone_c : zone_c_) {
      zone_c = rested_c(zone_c, {.to_c = unheated_c, .time_s = kZoneTime_s}, off);
    }
    tank_c_ =
        rested_c(tank_c_, {.to_c = kTankRoom_c, .time_s = kTank_j_per_k / kTankLoss_w_per_k}, off);
    for (double* water_c : {&inlet_c_, &outlet_c_}) {
      *water_c = rested_c(*water_c, {.to_c = kIdle_c, .time_s = kIdleCooling_s}, off);
    }
  }

  void start(const Fields& fields, const Slots& slots) {
    for (std::size_t k = 0; k < zone_c_.size(); ++k) {
      zone_c_.at(k) = fields.si(slots.zone_temperature.at(k));
    }
    tank_c_ = fields.si(slots.tank_temperature);
    inlet_c_ = fields.si(slots.inlet_temperature);
    outlet_c_ = fields.si(slots.outlet_temperature);
  }

  // Runs the pump for `seconds`; returns the power that it draws.
  double pump_w(const Environment& environment, double seconds) {
    water_wanted_.update(tank_c_, {.from = kWaterLow_c, .until = kWaterHigh_c});
    const bool water = water_wanted_.on() && environment.grid_up;
    double heat_w = water ? ratings_.pump_heat_w : 0;
    for (std::size_t k = 0; k < zone_c_.size(); ++k) {
      zone_wanted_.at(k).update(zone_c_.at(k),
                                {.from = kZoneTarget_c.at(k) + warmer_k_ - kZoneBand_k,
                                 .until = kZoneTarget_c.at(k) + warmer_k_ + kZoneBand_k});
      const bool heated = zone_wanted_.at(k).on() && environment.grid_up && !water;
      if (heated) heat_w += ratings_.pump_heat_w / 2;
      const double rest_c = environment.outdoor_c() + gains_k_ + (heated ? kZoneHeat_k : 0);
      zone_c_.at(k) = settle(zone_c_.at(k), {.to = rest_c, .decay = zone_cooling_.over(seconds)});
    }
    pump_heat_w_ = water ? heat_w : 0;
    return run_water_circuit(environment, heat_w, seconds);
  }

  // Heats the tank for `seconds` with the heat of the pump and the rod.
  void tank(double rod_w, double hour, double seconds) {
    const double loss_w =
        kTankLoss_w_per_k * (tank_c_ - kTankRoom_c) + hot_water_w(hour - later_h_);
    tank_c_ = std::max(tank_c_ + (pump_heat_w_ + rod_w - loss_w) * seconds / kTank_j_per_k, 12.0);
  }

  // The power that the rod draws from what no other load uses.
  double rod_w(double spare_w) {
    rod_allowed_.update(tank_c_, {.from = kRodAgain_c, .until = kRodTarget_c});
    if (!rod_allowed_.on() || spare_w < ratings_.rod_least_w) return 0;
    return round_down(std::min(spare_w, ratings_.rod_w) / kRodStep_w) * kRodStep_w;
  }

  void keep(this auto& self, auto& kept) {
    kept("zones", self.zone_c_);
    kept("heat_zones", self.zone_wanted_);
    kept("tank", self.tank_c_);
    kept("inlet", self.inlet_c_);
    kept("outlet", self.outlet_c_);
    kept("heat_tank", self.water_wanted_);
    kept("rod", self.rod_allowed_);
  }

  [[nodiscard]] double tank_c() const { return tank_c_; }
  void write(Fields& fields, const Slots& slots, double air_c) const {
    for (std::size_t k = 0; k < zone_c_.size(); ++k) {
      fields.set_si(slots.zone_temperature.at(k), round_to(zone_c_.at(k), 10));
    }
    fields.set_si(slots.tank_temperature, round_to(tank_c_, 10));
    fields.set_si(slots.inlet_temperature, round_to(inlet_c_, 10));
    fields.set_si(slots.outlet_temperature, round_to(outlet_c_, 10));
    fields.set_si(slots.air_temperature, round_to(air_c, 10));
  }

 private:
  // The water between pump and consumers; returns the power that the pump draws at the required
  // temperature.
  double run_water_circuit(const Environment& environment, double heat_w, double seconds) {
    if (heat_w <= 0) {
      const double decay = idle_cooling_.over(seconds);
      outlet_c_ = settle(outlet_c_, {.to = kIdle_c, .decay = decay});
      inlet_c_ = settle(inlet_c_, {.to = kIdle_c, .decay = decay});
      return 0;
    }
    const double target_c = pump_heat_w_ > 0
                                ? tank_c_ + 6
                                : std::clamp(32 + 0.5 * (20 - environment.outdoor_c()), 28.0, 45.0);
    const double decay = running_warming_.over(seconds);
    outlet_c_ = settle(outlet_c_, {.to = target_c, .decay = decay});
    inlet_c_ =
        settle(inlet_c_, {.to = target_c - 5 * heat_w / ratings_.pump_heat_w, .decay = decay});
    // 40 % of the Carnot limit.
    const double lift_k = std::max(target_c - environment.outdoor_c(), 5.0);
    return heat_w / std::clamp(0.4 * (target_c + 273.15) / lift_k, 1.8, 5.5);
  }

  const Ratings& ratings_;
  double warmer_k_;
  double gains_k_;
  double later_h_;
  std::array<double, 2> zone_c_{};
  std::array<Latch, 2> zone_wanted_;
  double tank_c_ = 48;
  double inlet_c_ = 22;
  double outlet_c_ = 22;
  double pump_heat_w_ = 0;  // into the tank
  Latch water_wanted_;
  Latch rod_allowed_;
  Decay zone_cooling_{kZoneTime_s};
  Decay idle_cooling_{kIdleCooling_s};
  Decay running_warming_{180};
};

// Without a grid the inverter makes the voltage.
double home_v(const Environment& environment) {
  return environment.grid_up ? environment.grid_v : kPhase_v;
}

std::array<Roof, 2> roofs_of(const Chance& chance) {
  const Chance roofs = chance.split("roofs");
  const double side_deg = kSide_deg + kSideSpread_deg * roofs.normal(0);
  return {Roof({.azimuth_deg = -side_deg, .tilt_deg = kTilt_deg}),
          Roof({.azimuth_deg = side_deg,
                .tilt_deg = kTilt_deg,
                .shadow_azimuth_deg = kSide_deg / 2 + kSideSpread_deg * roofs.normal(1),
                .shadow_height_deg = kChimneyHeight_deg,
                .shadow_radius_deg = kChimneyRadius_deg})};
}

class PowerOcean final : public Model {
 public:
  PowerOcean(std::shared_ptr<const Slots> slots, Chance chance)
      : slots_(std::move(slots)),
        ratings_(slots_->ratings),
        noise_(chance.split("power_ocean")),
        regulation_(chance.split("bias"), kMeterError_w),
        home_(chance),
        roofs_(roofs_of(chance)),
        batteries_({.cells = static_cast<int>(ratings_.cells),
                    .charge_w = ratings_.charge_w,
                    .discharge_w = ratings_.discharge_w,
                    .taper = ratings_.taper},
                   slots_->extra, chance),
        heating_(ratings_, chance.split("heating")),
        car_(ratings_.ev, chance.split("car")),
        string_members_(slots_->strings),
        rod_members_(slots_->heating_rod) {}

  void start(Fields& fields, const Environment& environment) override {
    batteries_.start(battery_inside(fields.si(slots_->soc)), fields, environment);
    heating_.start(fields, *slots_);
    home_.start(environment, household::wired_together());
    Roof::replace(roofs_, environment);
    step(environment, Millis(1000));
    write(fields, environment);
  }

  void resume(Fields& fields, const Environment& environment, const TimeOff& off,
              const JsonObject& unreported) override {
    const double soc = rested_soc(bounded(fields, slots_->soc, kSocPercent), off);
    batteries_.resume(battery_inside(soc), {fields, environment, off});
    heating_.resume(fields, *slots_, environment, off);
    home_.start(environment, household::wired_together());
    Roof::replace(roofs_, environment);
    begin_day(environment);
    if (!off.is_new_day) {
      const double last_hour = hour_of(environment) - seconds_of(off.length) / kHour_s;
      car_.resume(last_hour, fields.number(slots_->ev) > 0);
    }
    if (const auto kept = KeptReader::in(unreported)) {
      keep(*kept);
      batteries_.go_on({fields, environment, off});
      heating_.stand_by(environment, off);
    }
    step(environment, kInstant);
    write(fields, environment);
  }

  void keep(this auto& self, auto& kept) {
    kept("bank", self.batteries_);
    kept("heating", self.heating_);
    kept("regulation", self.regulation_);
    kept("car", self.car_);
    kept("resting", self.resting_);
    kept("upkeep", self.upkeep_);
    kept("full", self.full_);
  }
  [[nodiscard]] JsonObject unreported() const override { return {{kPhysics, kept_of(*this)}}; }

  void step(const Environment& environment, Millis dt) override {
    if (dt.count() <= 0) return;
    noise_.next_step(environment.now);
    batteries_.plug(environment, balance_);
    const double seconds = seconds_of(dt);
    home_.advance(environment, dt);
    if (car_.is_new_day(environment)) begin_day(environment);
    watts_ = draw(environment, seconds);
    share_out(environment, dt);
    batteries_.add_to(balance_);
    // Other devices may feed in more than all loads draw.
    const double used_w = watts_.load - ratings_.own_w;
    balance_.close({.in_w = watts_.mppt() + std::max(0.0, watts_.grid) + std::max(0.0, -used_w),
                    .out_w = std::max(0.0, used_w) + std::max(0.0, -watts_.grid)},
                   dt);
    car_.charge(watts_.ev, seconds);
    heating_.tank(watts_.rod, hour_of(environment), seconds);
  }

  void write(Fields& fields, const Environment& environment) override {
    write_energy(fields);
    write_strings(fields, environment);
    write_phases(fields, environment);
    heating_.write(fields, *slots_, environment.outdoor_c());
    write_rod(fields);
  }

  // The family has no commands.
  CommandOutcome command(Fields& /*fields*/, const catalog::Command& /*command*/,
                         const JsonObject& /*params*/, const Environment& /*around*/) override {
    return {};
  }
  [[nodiscard]] Balance balance() const override { return balance_.balance(); }
  [[nodiscard]] double drawn_w() const override { return watts_.grid; }

 private:
  // As reported: the sun's in whole watts, the rest in halves, which add up exactly.
  struct Watts {
    std::array<double, 2> string{};
    double ev = 0;
    double rod = 0;
    double load = 0;
    double battery = 0;  // positive charges
    double grid = 0;     // positive imports
    [[nodiscard]] double mppt() const { return string[0] + string[1]; }
  };

  [[nodiscard]] Battery battery_inside(double soc) const {
    return Battery({.cells = static_cast<int>(ratings_.cells),
                    .capacity_ah = capacity_ah(ratings_.capacity_wh, ratings_.cells),
                    .resistance_ohm = ratings_.resistance_ohm,
                    .soc_percent = soc});
  }

  void begin_day(const Environment& environment) {
    car_.begin_day(environment, home_.is_away(local_day(environment)));
  }

  Watts draw(const Environment& environment, double seconds) {
    Watts watts;
    for (std::size_t k = 0; k < watts.string.size(); ++k) {
      const double sun = sun_on(environment, k);
      if (sun < kDawn) continue;
      const double ideal_w = ratings_.string_w.at(k) * sun;
      watts.string.at(k) = round_half_away(std::max(0.0, ideal_w * (1 + 0.004 * noise_(k))));
    }
    const double home_w = environment.household_w.value_or(home_.power_w(0));
    const double base_w = home_w + environment.others_ac_w + heating_.pump_w(environment, seconds);
    const double surplus_w = watts.mppt() - base_w;
    watts.ev = car_.plan_w(environment, surplus_w, batteries_.soc_percent());
    if (environment.grid_up) {
      watts.rod = heating_.rod_w(surplus_w - watts.ev - charge_limit_w());
    }
    watts.load = in_steps(base_w + ratings_.own_w + watts.ev + watts.rod, environment);
    return watts;
  }

  // Without a grid in whole watts, since the strings then take what is left.
  [[nodiscard]] static double in_steps(double power_w, const Environment& environment) {
    constexpr double kSteps = 1 / kLeast_w;
    return environment.grid_up ? round_half_away(power_w * kSteps) * kLeast_w
                               : round_half_away(power_w);
  }
  [[nodiscard]] double sun_on(const Environment& environment, std::size_t k) const {
    return roofs_.at(k).sun(environment) * environment.panels.at(k);
  }

  // The battery takes the surplus or supplies the deficit; the grid supplies or takes the rest.
  void share_out(const Environment& environment, Millis dt) {
    const double seconds = seconds_of(dt);
    const double soc = batteries_.soc_percent();
    full_.update(soc, {.from = 100, .until = 100 - kTopUp_percent});
    resting_.update(soc, {.from = ratings_.empty_percent,
                          .until = ratings_.empty_percent + kHysteresis_percent});
    const double most_w = environment.battery_ok ? charge_limit_w() : 0;
    const double least_w = environment.battery_ok && !resting_.on() ? -discharge_limit_w() : 0;
    // The battery is not for the car.
    const double wanted_w = watts_.mppt() - (watts_.load - watts_.ev);
    const double supply_w = wanted_w > 0 ? std::max(0.0, wanted_w - watts_.ev) : wanted_w;
    const bool regulates = environment.grid_up && supply_w > least_w && supply_w < most_w;
    const double missing_w = regulation_.missed_w(environment.now, supply_w, seconds, noise_(14));
    double asked_w =
        in_steps(std::clamp(supply_w - (regulates ? missing_w : 0), least_w, most_w), environment);
    if (asked_w == 0 && environment.battery_ok && environment.grid_up) asked_w = at_rest_w(soc);
    const double taken_w = batteries_.apply({.power_w = asked_w,
                                             .dt = dt,
                                             .air_c = environment.air_c + kBesideInverter_k,
                                             .allowed = environment.battery_ok,
                                             .least_percent = ratings_.empty_percent});
    watts_.battery = in_steps(taken_w, environment);
    if (environment.grid_up) {
      watts_.grid = watts_.load - watts_.mppt() + watts_.battery;
      // No meter that is regulated to zero finds it. The home takes the difference.
      if (regulates && watts_.grid == 0) {
        watts_.grid = kLeast_w;
        watts_.load += kLeast_w;
      }
      return;
    }
    // Without a grid the strings are curtailed, or part of the home is not supplied.
    const double spare_w = watts_.mppt() - watts_.battery - watts_.load;
    if (spare_w > 0) {
      const double first_w = std::min(watts_.string[0], spare_w);
      watts_.string[0] -= first_w;
      watts_.string[1] -= spare_w - first_w;
    } else {
      watts_.load += spare_w;
    }
  }

  [[nodiscard]] double at_rest_w(double soc) {
    upkeep_.update(
        soc, {.from = ratings_.empty_percent - kUpkeep_percent, .until = ratings_.empty_percent});
    if (upkeep_.on()) return ratings_.trickle_w;
    const double power_w = kElectronics_w + noise_(15);
    return -std::max(kLeast_w, round_half_away(power_w / kLeast_w) * kLeast_w);
  }

  [[nodiscard]] double charge_limit_w() const {
    if (full_.on()) return 0;
    double most_w = 0;
    batteries_.each([&most_w](const physics::BatteryPart& part, const Battery& battery) {
      most_w += part.charge_w * part.taper.at(battery.soc_percent());
    });
    return std::max(most_w, ratings_.trickle_w);
  }
  [[nodiscard]] double discharge_limit_w() const {
    double most_w = 0;
    batteries_.each([&most_w](const physics::BatteryPart& part, const Battery& /*battery*/) {
      most_w += part.discharge_w;
    });
    return most_w;
  }

  void write_energy(Fields& fields) const {
    const Slots& slots = *slots_;
    fields.set_si(slots.solar, watts_.mppt());
    fields.set_si(slots.soc, std::round(batteries_.soc_percent()));
    fields.set_si(slots.battery, watts_.battery);
    fields.set_si(slots.load, watts_.load);
    fields.set_si(slots.grid, watts_.grid);
    fields.set_si(slots.ev, watts_.ev);
    fields.set_text(slots.ev_state, watts_.ev > 0 ? "EV_CHG_STS_CHARGING" : "EV_CHG_STS_AVAILABLE");
  }

  void write_rod(Fields& fields) {
    if (!rod_members_.bind(fields)) return;
    rod_members_.set(fields, 0, std::llround(heating_.tank_c()));
    rod_members_.set(fields, 1, std::llround(watts_.rod));
  }

  void write_strings(Fields& fields, const Environment& environment) {
    if (!string_members_.bind(fields)) return;
    for (std::size_t k = 0; k < watts_.string.size(); ++k) {
      const double power_w = watts_.string.at(k);
      const double sun = sun_on(environment, k);
      const double module_c = environment.outdoor_c() + 25 * sun;
      double volts = kString_v.at(k) + kString_v_per_k * (module_c - 25) + noise_(2 + k);
      if (sun < kDawn) volts *= sun / kDawn / 4;
      volts = round_to(volts, 100);
      const double current_a = power_w > 0 ? power_w / volts : 0;
      string_members_.set(fields, 3 * k, std::llround(volts * 100), 2);
      string_members_.set(fields, 3 * k + 1, std::llround(current_a * 1e6), 6);
      string_members_.set(fields, 3 * k + 2, std::llround(power_w));
    }
  }

  // The phases share the power between the inverter's DC side and the home; negative: the inverter
  // supplies.
  void write_phases(Fields& fields, const Environment& environment) const {
    constexpr std::array<double, 3> kOffset_v = {0.2, 0.9, -1.1};
    const std::int64_t total_cw = std::llround((watts_.battery - watts_.mppt()) * 100);
    std::int64_t left_cw = total_cw;
    for (std::size_t k = 0; k < kOffset_v.size(); ++k) {
      const double share = 1.0 / 3 + 0.004 * noise_(4 + k);
      const std::int64_t active_cw =
          k + 1 == kOffset_v.size() ? left_cw : std::llround(static_cast<double>(total_cw) * share);
      left_cw -= active_cw;
      const double active_w = static_cast<double>(active_cw) / 100;
      // An idle inverter is off, and its reactive power with it.
      const double reactive_var =
          total_cw == 0 ? 0 : round_to(kReactive_var + 8 * noise_(7 + k), 100);
      const double volts =
          std::round((home_v(environment) + kOffset_v.at(k)) * 100 + 8 * noise_(10 + k)) / 100;
      const double apparent_va = std::hypot(active_w, reactive_var);
      const Slots::Phase& phase = slots_->phases.at(k);
      fields.set_si(phase.voltage, volts);
      fields.set_si(phase.current, apparent_va / volts);
      fields.set_si(phase.active_power, active_w);
      fields.set_si(phase.reactive_power, reactive_var);
      fields.set_si(phase.apparent_power, apparent_va);
    }
  }

  std::shared_ptr<const Slots> slots_;
  const Ratings& ratings_;
  Noise noise_;
  Regulation regulation_;
  HouseholdLoad home_;
  std::array<Roof, 2> roofs_;
  BatteryBank batteries_;
  EnergyBalance balance_;
  Heating heating_;
  Car car_;
  Members string_members_;
  Members rod_members_;
  Watts watts_;
  Latch resting_;  // empty, waiting for charge
  Latch upkeep_;   // empty for long
  Latch full_;
};

}  // namespace

Result<ModelMaker> power_ocean_maker(const FieldTablePtr& table) {
  return maker_of<PowerOcean, Slots>(table);
}

}  // namespace gridloom::sim
