#include "sim/models/delta_2_flow.h"

#include <algorithm>
#include <cmath>

#include "sim/rounding.h"

namespace gridloom::sim::delta_2 {
namespace {

constexpr double kMargin_percent = 1;
constexpr double kFloor_percent = 2;        // remains, so that no step goes past empty
constexpr std::int64_t kGeneratorPlug = 2;  // in the extra port
constexpr std::int64_t kWeek = 7;           // days

// The unit is charged by the car for one hour a week: at any time of a day, or, where the home's
// power was set, on Sundays from four.
Outing::Hours at_car_hours(const Chance& chance, std::int64_t day) {
  const auto week = static_cast<std::uint64_t>(day / kWeek);
  const auto on = static_cast<std::int64_t>(kWeek * chance.uniform(2 * week));
  if (day % kWeek != on) return {};
  const double from_h = 8 + 11 * chance.uniform(2 * week + 1);
  return {.from_h = from_h, .to_h = from_h + 1};
}

bool is_at_car_as_set(const Environment& environment) {
  constexpr std::int64_t kSunday = 3;  // 1970 began on a Thursday
  return local_day(environment) % kWeek == kSunday && environment.local_ms / kHour_ms == 4;
}

// Where the home's power was set, the AC sockets have no load for one hour a night.
bool rests(const Environment& environment) {
  return environment.household_w && environment.local_ms / kHour_ms == 3;
}

// Cold and hot cells accept less: nothing at 0 and at 50 degrees.
double temperature_derating(double cell_c) {
  return std::clamp(std::min(cell_c / 10, (50 - cell_c) / 8), 0.0, 1.0);
}

}  // namespace

double Settings::wall_limit_soc() const {
  return keeps_reserve ? std::min(max_soc, reserve_soc) : max_soc;
}

Settings read_settings(const Fields& fields, const Slots& slots) {
  Settings set;
  set.ac_on = fields.on(slots.ac_on);
  set.car_on = fields.on(slots.car_on);
  set.usb_on = fields.on(slots.usb_on);
  set.wall_paused = fields.on(slots.wall_paused);
  set.solar_first = fields.on(slots.solar_first);
  set.keeps_reserve = fields.on(slots.keeps_reserve);
  set.reserve_soc = fields.si(slots.reserve);
  set.max_soc = fields.si(slots.upper_limit);
  set.min_soc = fields.si(slots.lower_limit);
  set.resume_soc = fields.si(slots.hysteresis);
  set.wall_w = fields.si(slots.wall_power_limit);
  set.car_a = fields.si(slots.car_current_limit);
  set.xboost = fields.on(slots.xboost);
  set.ac_by_itself = fields.on(slots.ac_by_itself) && !fields.on(slots.ac_by_itself_paused);
  set.ac_by_itself_soc = fields.si(slots.ac_by_itself_soc);
  set.has_generator = fields.integer(slots.extra_port) == kGeneratorPlug;
  set.generator = {.start_soc = fields.si(slots.generator_start),
                   .stop_soc = fields.si(slots.generator_stop),
                   .full_soc = set.max_soc};
  set.standby_min = fields.integer(slots.standby);
  set.ac_standby_min = fields.integer(slots.ac_standby);
  set.car_standby_min = fields.integer(slots.car_standby);
  return set;
}

Planner::Planner(const Ratings& ratings, Chance chance)
    : ratings_(ratings), chance_(chance), plugged_in_(chance), ports_(chance) {}

// Where nothing else is said, a corner of the home that the unit's owner has chosen.
void Planner::start(const Environment& environment) {
  using household::Circuit;
  roofs_.take(environment, 1);
  ports_.start_ports(environment, static_cast<std::size_t>(household::Port::kTypeC) + 1);
  const double corner = chance_.split("corner").uniform(0);
  plugged_in_.start(
      environment,
      corner < 0.3   ? household::wired_together({Circuit::kRefrigerator, Circuit::kKitchen})
      : corner < 0.6 ? household::wired_together({Circuit::kOffice, Circuit::kGarage})
      : corner < 0.8 ? household::wired_together({Circuit::kLiving, Circuit::kLights})
                     : household::wired_together({Circuit::kBedrooms, Circuit::kRefrigerator}));
}

void Planner::restore(const Latched& was) {
  wall_full_.restore(was.full);
  solar_full_.restore(was.full);
  empty_.restore(was.empty);
  generator_.restore({.runs = was.generator});
}

// Applies the load on the AC sockets, given in watts at full voltage. A load above the inverter's
// rating is supplied at a lower voltage, at which it draws what the inverter can give; more than
// `most_w` trips the inverter.
void Planner::put_ac_load(double load_w, double most_w, Flow& flow) const {
  flow.overload = load_w > most_w;
  if (flow.overload) {
    flow.bypass = flow.inverting = false;
    return;
  }
  flow.ac_out_w = flow.inverting ? std::min(load_w, ratings_.inverter_w) : load_w;
  if (flow.ac_out_w < load_w) flow.ac_v_share = std::sqrt(flow.ac_out_w / load_w);
}

// The unit's own consumption.
double Planner::own_w(const Settings& set, const Flow& flow) const {
  if (set.ac_on || flow.wall_w > 0) return ratings_.ac_overhead_w;
  return set.asleep ? ratings_.asleep_w : ratings_.awake_w;
}

// The loss of converting AC to DC, or back, in addition to the overhead.
double Planner::conversion_loss_w(double power_w) const {
  return ratings_.loss_linear * power_w + ratings_.loss_square_per_w * power_w * power_w;
}

double Planner::wall_dc_w(const Flow& flow) const {
  return flow.wall_w - conversion_loss_w(flow.wall_w);
}

Planner::Room Planner::room(const BatteryBank& batteries) const {
  Room all{.charge_w = 0, .charge_share = 0};
  double most_w = 0;
  batteries.each([&](const physics::BatteryPart& part, const Battery& battery) {
    all.charge_share =
        part.taper.at(battery.soc_percent()) * temperature_derating(battery.temperature_c());
    all.charge_w += part.charge_w * all.charge_share;
    most_w += part.charge_w;
  });
  if (batteries.has_extra()) all.charge_share = all.charge_w / most_w;
  return all;
}

void Planner::update_limits(const Settings& set, double soc) {
  const double wall_soc = set.wall_limit_soc();
  // A full battery rests for a while, instead of being topped up again and again.
  const double rest_percent = std::max(set.resume_soc, kMargin_percent);
  wall_full_.update_at_limit(soc, {.from = wall_soc, .until = wall_soc - rest_percent});
  solar_full_.update_at_limit(soc, {.from = set.max_soc, .until = set.max_soc - rest_percent});
  const double min_soc = std::max(set.min_soc, kFloor_percent);
  empty_.update_at_limit(soc, {.from = min_soc, .until = min_soc + set.resume_soc});
  serves_self_.update(soc, {.from = set.reserve_soc + set.resume_soc, .until = set.reserve_soc});
  if (!set.keeps_reserve || empty_.on()) serves_self_.release();
  if (set.has_generator) generator_.update(soc, set.generator);
}

// The loads: part of the household, and what its people plug into the ports.
void Planner::put_loads(const Settings& set, const Environment& environment, Flow& flow) const {
  if (flow.bypass || flow.inverting) {
    const double load_w = plugged_in_.power_w(environment, ratings_.household_share);
    const double most_w = set.xboost ? ratings_.boost_w : ratings_.inverter_w;
    const double usual_w =
        rests(environment) ? 0 : std::clamp(round_half_away(load_w), 0.0, most_w);
    put_ac_load(usual_w + round_half_away(environment.appliance_w), most_w, flow);
  }
  const auto port_w = [&](household::Port port, double usual_w) {
    if (environment.household_w) return usual_w;  // what usually hangs there, all the time
    const double percent = ports_.power_w(static_cast<std::size_t>(port));
    if (percent == 0) return 0.0;  // as most of the time
    return round_half_away(percent / 100 * usual_w);
  };
  if (set.car_on) flow.car_w = port_w(household::Port::kCar, ratings_.car_w);
  if (set.usb_on) {
    flow.usb_w = port_w(household::Port::kUsb, ratings_.usb_w);
    flow.fast_usb_w = port_w(household::Port::kFastUsb, ratings_.fast_usb_w);
    flow.type_c_w = port_w(household::Port::kTypeC, ratings_.type_c_w);
  }
}

// An empty battery gives nothing: the low-voltage outputs are on only if the wall charger can
// supply them alone.
void Planner::shed_dc_if_empty(const Settings& set, Flow& flow) const {
  const bool gives = !empty_.on() && !flow.blocked;
  if (gives || wall_dc_w(flow) >= flow.dc_out_w() + own_w(set, flow)) return;
  flow.car_w = 0;
  flow.usb_w = 0;
  flow.fast_usb_w = 0;
  flow.type_c_w = 0;
}

// Unused solar power is not drawn from the panels; the wall charger's power is a setting.
void Planner::put_sources(const Settings& set, const Room& room, double offered_w,
                          Flow& flow) const {
  const double inverter_dc_w =
      flow.inverting ? flow.ac_out_w + conversion_loss_w(flow.ac_out_w) : 0;
  double used_w = inverter_dc_w + flow.dc_out_w() + own_w(set, flow);
  const double accept_w = solar_full_.on() || flow.blocked ? 0 : room.charge_w;
  const double room_w = std::max(0.0, accept_w + used_w - wall_dc_w(flow));
  const double solar_w = round_down(std::min(offered_w, room_w / ratings_.solar_efficiency));
  flow.panels = !flow.at_car && offered_w >= ratings_.least_solar_w;
  flow.solar_w = solar_w >= ratings_.least_solar_w ? solar_w : 0;
  const double solar_dc_w = ratings_.solar_efficiency * flow.solar_w;
  if (generator_.runs() && !flow.blocked) {
    flow.generator_w = round_down(std::clamp(room_w - solar_dc_w, 0.0, ratings_.generator_w));
  }
  const double fed_w = wall_dc_w(flow) + solar_dc_w + flow.generator_w;
  // An empty unit runs on its inputs; without them it is off.
  if (empty_.on() || flow.blocked) used_w = std::min(used_w, fed_w);
  flow.battery_w = fed_w - used_w;
}

Flow Planner::plan(const Settings& set, const BatteryBank& batteries,
                   const Environment& environment, const Noise& noise) {
  update_limits(set, batteries.soc_percent());
  const Room room = this->room(batteries);
  Flow flow;
  flow.mains = environment.grid_up;
  flow.bypass = set.ac_on && flow.mains && !serves_self_.on();
  flow.blocked = !environment.battery_ok;
  flow.inverting = set.ac_on && !flow.bypass && !empty_.on() && !flow.blocked;
  flow.at_car = environment.household_w ? is_at_car_as_set(environment)
                                        : at_car_.is_on(environment, [this](std::int64_t day) {
                                            return at_car_hours(chance_.split("at the car"), day);
                                          });
  const double sunny_w = ratings_.panel_w * roofs_.sun(0, environment) * environment.panels[0];
  const double offered_w = flow.at_car ? kCar_v * set.car_a : sunny_w * (1 + 0.01 * noise(5));
  if (flow.mains && !set.wall_paused && !wall_full_.on() && !flow.blocked) {
    const double solar_w = !set.solar_first ? 0 : flow.at_car ? offered_w : sunny_w;
    const double most_w = std::min(set.wall_w, ratings_.charger_w * room.charge_share);
    flow.wall_w = round_half_away(std::max(0.0, most_w - solar_w));
  }
  put_loads(set, environment, flow);
  shed_dc_if_empty(set, flow);
  put_sources(set, room, offered_w, flow);
  return flow;
}

}  // namespace gridloom::sim::delta_2
