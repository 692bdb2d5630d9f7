// A DELTA 2: battery, inverter, wall charger, solar input, car socket and USB around one DC bus.
//
// Each step reads the settings from the fields, decides what flows where (delta_2_flow.h), moves
// the battery and writes all numbers anew (delta_2_report.h), so that they belong together: no more
// comes out than goes in and is taken from the battery. Settings are never touched, but for
// switches that go off after their standby time, and on by themselves where the user asked for
// that. Asleep, the unit has all outputs off; the radio goes on, and any use or command wakes it.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/battery.h"
#include "sim/model.h"
#include "sim/models/delta_2_flow.h"
#include "sim/models/delta_2_report.h"
#include "sim/models/parts.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace {

using delta_2::Flow;
using delta_2::Settings;

void switch_ac(Fields& fields, int state) {
  for (const std::string_view name : {"mppt.cfgAcEnabled", "inv.cfgAcEnabled", "pd.acEnabled"}) {
    fields.set(name, state);
  }
}

void switch_car(Fields& fields, int state) {
  for (const std::string_view name : {"mppt.carState", "pd.carState"}) fields.set(name, state);
}

class Delta2 final : public Model {
 public:
  explicit Delta2(Chance chance) : planner_(chance), noise_(chance) {}

  void start(Fields& fields, const Surroundings& around) override;
  void step(Fields& fields, const Surroundings& around, Millis dt) override;
  Outcome command(Fields& fields, const catalog::Command& /*command*/,
                  const wire::JsonObject& /*params*/, const Surroundings& around) override {
    ac_idle_.busy();
    car_idle_.busy();
    unit_idle_.busy();
    step(fields, around, kInstant);
    return {};
  }

 private:
  void switch_by_itself(Fields& fields, Millis dt);
  void warm(const Flow& flow, double air_c, double seconds);

  // Adds to a counter that is reported whole, and keeps the rest.
  void count(Fields& fields, std::string_view name, double delta);
  void count_all(Fields& fields, const Flow& flow, double seconds);

  delta_2::Planner planner_;
  Noise noise_;
  Battery battery_{Battery::Options{}};
  bool had_mains_ = true;
  bool had_bypass_ = false;
  IdleTimer ac_idle_;
  IdleTimer car_idle_;
  IdleTimer unit_idle_;
  double inverter_c_ = 0;
  double solar_c_ = 0;
  double socket_c_ = 0;
  std::map<std::string_view, double> rest_;  // by counter; the names are literals
};

void Delta2::start(Fields& fields, const Surroundings& around) {
  battery_ = Battery({.capacity_ah = fields.number("bms_bmsStatus.fullCap") / 1000,
                      .soc_percent = fields.number("bms_bmsStatus.f32ShowSoc"),
                      .temperature_c = around.air_c + 3});
  inverter_c_ = around.air_c + 8;
  solar_c_ = around.air_c + 7;
  socket_c_ = around.air_c + 6;
  had_mains_ = around.grid_up;
  step(fields, around, Millis(1000));
}

void Delta2::step(Fields& fields, const Surroundings& around, Millis dt) {
  noise_.next_step();
  const double seconds = seconds_of(dt);
  // A pause of charging lasts until the plug is in anew.
  if (around.grid_up && !had_mains_) {
    for (const auto name : {"mppt.chgPauseFlag", "inv.chgPauseFlag"}) fields.set(name, 0);
  }
  had_mains_ = around.grid_up;
  switch_by_itself(fields, dt);
  const Settings set = delta_2::read_settings(fields);
  const Flow flow = planner_.plan(set, battery_, around, noise_);
  battery_.apply({.power_w = flow.battery_w, .seconds = seconds, .air_c = around.air_c});
  warm(flow, around.air_c, seconds);

  if (flow.bypass != had_bypass_) fields.add("pd.relaySwitchCnt", 1);
  had_bypass_ = flow.bypass;
  count_all(fields, flow, seconds);
  delta_2::write_report(fields, {.set = set,
                                 .flow = flow,
                                 .planner = planner_,
                                 .battery = battery_,
                                 .around = around,
                                 .noise = noise_,
                                 .inverter_c = inverter_c_,
                                 .solar_c = solar_c_,
                                 .socket_c = socket_c_});
}

void Delta2::switch_by_itself(Fields& fields, Millis dt) {
  // By what the last step reported.
  const bool ac_unused = fields.on("mppt.cfgAcEnabled") && !fields.on("inv.outputWatts");
  const bool car_unused = fields.on("mppt.carState") && !fields.on("mppt.carOutWatts");
  const bool unused = !fields.on("pd.wattsInSum") && !fields.on("pd.wattsOutSum");
  ac_unused ? ac_idle_.idle(dt) : ac_idle_.busy();
  car_unused ? car_idle_.idle(dt) : car_idle_.busy();
  unused ? unit_idle_.idle(dt) : unit_idle_.busy();
  const bool sleeps = unit_idle_.reached(fields.integer("pd.standbyMin"));
  if (sleeps || ac_idle_.reached(fields.integer("mppt.acStandbyMins"))) switch_ac(fields, 0);
  if (sleeps || car_idle_.reached(fields.integer("mppt.carStandbyMin"))) switch_car(fields, 0);
  if (sleeps) fields.set("pd.dcOutState", 0);
  fields.set("bms_emsStatus.emsIsNormalFlag", sleeps ? 0 : 1);

  const bool wanted = fields.on("pd.acAutoOutConfig") && !fields.on("pd.acAutoOutPause");
  const bool enough = battery_.soc_percent() >= fields.number("pd.minAcoutSoc");
  if (wanted && enough && !sleeps && !planner_.is_empty()) switch_ac(fields, 1);
}

void Delta2::warm(const Flow& flow, double air_c, double seconds) {
  inverter_c_ = settle(
      inverter_c_,
      {.to = air_c + 6 + 0.02 * (flow.ac_out_w + flow.wall_w), .seconds = seconds, .time_s = 600});
  solar_c_ =
      settle(solar_c_, {.to = air_c + 6 + 0.04 * flow.solar_w, .seconds = seconds, .time_s = 900});
  socket_c_ =
      settle(socket_c_, {.to = air_c + 5 + 0.06 * flow.car_w, .seconds = seconds, .time_s = 900});
}

void Delta2::count(Fields& fields, std::string_view name, double delta) {
  double& rest = rest_[name];
  rest += delta;
  const double whole = std::floor(rest);
  if (whole < 1) return;
  rest -= whole;
  fields.add(name, whole);
}

void Delta2::count_all(Fields& fields, const Flow& flow, double seconds) {
  const double hours = seconds / 3600;
  count(fields, "pd.chgPowerAC", flow.ac_in_w() * hours);
  count(fields, "pd.chgSunPower", flow.solar_w * hours);
  count(fields, "pd.dsgPowerAC", flow.ac_out_w * hours);
  count(fields, "pd.dsgPowerDC", flow.dc_out_w() * hours);
  const double given_ah = std::max(0.0, -battery_.current_a()) * hours;
  count(fields, "bms_bmsStatus.cycles", given_ah / battery_.capacity_ah());
  const std::array<std::pair<std::string_view, double>, 6> in_use = {{
      {"pd.invUsedTime", flow.ac_out_w},
      {"pd.mpptUsedTime", flow.solar_w},
      {"pd.carUsedTime", flow.car_w},
      {"pd.usbUsedTime", flow.usb_w},
      {"pd.usbqcUsedTime", flow.fast_usb_w},
      {"pd.typecUsedTime", flow.type_c_w},
  }};
  for (const auto& [counter, power_w] : in_use) {
    if (power_w > 0) count(fields, counter, seconds);
  }
}

}  // namespace

std::unique_ptr<Model> make_delta_2(Chance chance) { return std::make_unique<Delta2>(chance); }

}  // namespace gridloom::sim
