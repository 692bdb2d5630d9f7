// A DELTA 2: battery, inverter, wall charger, solar input, car socket and USB around one DC bus.
//
// Each step reads the settings from the fields, decides what flows where, moves the battery and
// writes all numbers anew, so that they belong together. Always true of what is reported:
// wattsInSum and wattsOutSum are the sums of the single inputs and outputs, the cells' voltages add
// up to the pack's, and no more comes out than goes in and is taken from the battery. Settings are
// never touched here, but for switches that go off after their standby time, and on by themselves
// where the user asked for that.
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
#include "wire/json.h"

namespace gridloom::sim {
namespace {

using wire::JsonArray;

constexpr double kHouseholdShare = 0.3;  // of the household that is plugged in here
constexpr double kPanel_w = 400;
constexpr double kPanel_v = 36;
constexpr double kPanelOpen_v = 42;
constexpr double kFewestSolar_w = 3;
constexpr double kSolarEfficiency = 0.95;
constexpr double kInverter_w = 1800;
constexpr double kXboost_w = 2400;
constexpr double kWallCharger_w = 1200;
constexpr double kBatteryCharge_w = 1060;  // one hour's charge
// What real devices lose: 22 W with AC on, 7 W with all off, and about 9 % of what is converted.
constexpr double kAcOverhead_w = 22;
constexpr double kSleep_w = 7;
constexpr double kLossLinear = 0.085;
constexpr double kLossSquare_per_w = 1e-5;
constexpr double kTaperFrom_percent = 80;
constexpr double kTaperEnd = 0.2;
constexpr double kMargin_percent = 1;
constexpr int kLongest_min = 5939;
constexpr int kCells = 16;
constexpr double kCell_ohm = 0.0093;
constexpr double kCarSocket_v = 13.6;
constexpr double kIdle_a = 0.5;  // below, the screen says neither charging nor discharging
constexpr std::int64_t kMinute_ms = 60'000;

// What turning AC into DC, or back, costs beside the overhead.
double conversion_loss_w(double power_w) {
  return kLossLinear * power_w + kLossSquare_per_w * power_w * power_w;
}

// The share of its power at which a battery charges: all up to 80 %, then less and less.
double taper(double soc) {
  const double over = std::max(0.0, soc - kTaperFrom_percent) / (100 - kTaperFrom_percent);
  return 1 - over * (1 - kTaperEnd);
}

// Cold and hot cells take less: nothing at 0 and at 50 degrees.
double temperature_derating(double cell_c) {
  return std::clamp(std::min(cell_c / 10, (50 - cell_c) / 8), 0.0, 1.0);
}

int fan_level(double power_w) {
  constexpr std::array<double, 3> kSteps_w = {200, 600, 1200};
  return static_cast<int>(
      std::ranges::count_if(kSteps_w, [&](double step_w) { return power_w > step_w; }));
}

// A limit that does not flutter: once reached, it holds until the charge is well past it again.
bool held(bool was_held, bool reached, bool still_near) {
  return reached || (was_held && still_near);
}

struct Settings {
  bool ac_on = false;
  bool car_on = false;
  bool usb_on = false;
  bool wall_paused = false;
  bool solar_first = false;
  bool keeps_reserve = false;
  double reserve_soc = 0;
  double max_soc = 100;
  double min_soc = 0;
  double resume_soc = 5;  // on top of min_soc
  double wall_w = 0;
  double inverter_w = kInverter_w;

  // With a reserve for outages, the wall fills up to it only.
  [[nodiscard]] double wall_limit_soc() const {
    return keeps_reserve ? std::min(max_soc, reserve_soc) : max_soc;
  }
};

Settings read_settings(const Fields& fields) {
  Settings set;
  set.ac_on = fields.on("mppt.cfgAcEnabled");
  set.car_on = fields.on("mppt.carState");
  set.usb_on = fields.on("pd.dcOutState");
  set.wall_paused = fields.on("mppt.chgPauseFlag");
  set.solar_first = fields.on("pd.pvChgPrioSet");
  set.keeps_reserve = fields.on("pd.watchIsConfig");
  set.reserve_soc = fields.number("pd.bpPowerSoc");
  set.max_soc = fields.number("bms_emsStatus.maxChargeSoc");
  set.min_soc = fields.number("bms_emsStatus.minDsgSoc");
  set.resume_soc = fields.number("pd.hysteresisAdd");
  set.wall_w = fields.number("mppt.cfgChgWatts");
  set.inverter_w = fields.on("mppt.cfgAcXboost") ? kXboost_w : kInverter_w;
  return set;
}

// What goes where in this step; whole watts where they are reported.
struct Flow {
  bool mains = false;      // voltage on the cable
  bool bypass = false;     // mains carries the AC sockets
  bool inverting = false;  // the battery does
  bool panels = false;     // light enough to see them
  double ac_out_w = 0;
  double car_w = 0;
  double usb_w = 0;
  double fast_usb_w = 0;
  double type_c_w = 0;
  double wall_w = 0;  // drawn for charging
  double solar_w = 0;
  double battery_w = 0;  // + charges

  [[nodiscard]] double dc_out_w() const { return car_w + usb_w + fast_usb_w + type_c_w; }
  [[nodiscard]] double ac_in_w() const { return wall_w + (bypass ? ac_out_w : 0); }
};

class Delta2 final : public Model {
 public:
  explicit Delta2(Chance chance) : chance_(chance) {}

  void start(Fields& fields, const Surroundings& around) override;
  void step(Fields& fields, const Surroundings& around, Millis dt) override;
  Outcome command(Fields& fields, const catalog::Command& /*command*/,
                  const wire::JsonObject& /*params*/, const Surroundings& around) override {
    step(fields, around, Millis(1));  // a switch shows at once
    return {};
  }

 private:
  [[nodiscard]] double noise(std::uint64_t which) const {
    return chance_.normal(step_ * 16 + which);
  }

  void switch_by_itself(Fields& fields, Millis dt);
  void update_limits(const Settings& set);
  void put_loads(const Settings& set, const Surroundings& around, Flow& flow) const;
  void put_sources(const Settings& set, const Surroundings& around, Flow& flow) const;
  [[nodiscard]] Flow flow_of(const Settings& set, const Surroundings& around);
  void warm(const Flow& flow, double air_c, double seconds);

  // Adds to a counter that is reported whole, and keeps the rest.
  void count(Fields& fields, std::string_view name, double delta);
  void count_all(Fields& fields, const Flow& flow, double seconds);

  void write_sums(Fields& fields, const Flow& flow) const;
  void write_ports(Fields& fields, const Flow& flow, double air_c) const;
  void write_pack(Fields& fields) const;
  void write_cells(Fields& fields) const;
  void write_management(Fields& fields, const Settings& set, const Flow& flow) const;
  void write_solar(Fields& fields, const Flow& flow) const;
  void write_inverter(Fields& fields, const Flow& flow, const Surroundings& around) const;

  Chance chance_;
  std::uint64_t step_ = 0;
  Battery battery_{Battery::Options{}};
  bool wall_full_ = false;
  bool solar_full_ = false;
  bool empty_ = false;
  bool serves_self_ = false;  // the battery carries the load though mains is there
  bool had_mains_ = true;
  bool had_bypass_ = false;
  std::int64_t ac_idle_ms_ = 0;
  std::int64_t car_idle_ms_ = 0;
  double inverter_c_ = 0;
  double solar_c_ = 0;
  double socket_c_ = 0;
  std::map<std::string_view, double> rest_;  // by counter; the names are literals
};

void Delta2::start(Fields& fields, const Surroundings& around) {
  battery_ = Battery({.cells = kCells,
                      .capacity_ah = fields.number("bms_bmsStatus.fullCap") / 1000,
                      .soc_percent = fields.number("bms_bmsStatus.f32ShowSoc"),
                      .temperature_c = around.air_c + 3});
  inverter_c_ = around.air_c + 8;
  solar_c_ = around.air_c + 7;
  socket_c_ = around.air_c + 6;
  had_mains_ = around.grid_up;
  step(fields, around, Millis(1000));
}

void Delta2::step(Fields& fields, const Surroundings& around, Millis dt) {
  ++step_;
  const double seconds = static_cast<double>(dt.count()) / 1000;
  // A pause of charging lasts until the plug is in anew.
  if (around.grid_up && !had_mains_) {
    for (const auto name : {"mppt.chgPauseFlag", "inv.chgPauseFlag"}) fields.set(name, 0);
  }
  had_mains_ = around.grid_up;
  switch_by_itself(fields, dt);
  const Settings set = read_settings(fields);
  const Flow flow = flow_of(set, around);
  battery_.apply(flow.battery_w, seconds, around.air_c);
  warm(flow, around.air_c, seconds);

  if (flow.bypass != had_bypass_) fields.add("pd.relaySwitchCnt", 1);
  had_bypass_ = flow.bypass;
  count_all(fields, flow, seconds);
  write_sums(fields, flow);
  write_ports(fields, flow, around.air_c);
  write_pack(fields);
  write_cells(fields);
  write_management(fields, set, flow);
  write_solar(fields, flow);
  write_inverter(fields, flow, around);
}

void Delta2::switch_by_itself(Fields& fields, Millis dt) {
  const auto put_ac = [&](int on) {
    for (const std::string_view name : {"mppt.cfgAcEnabled", "inv.cfgAcEnabled", "pd.acEnabled"}) {
      fields.set(name, on);
    }
  };
  const auto idle_for = [&](std::int64_t& idle_ms, std::string_view state, std::string_view watts,
                            std::string_view limit_min) {
    idle_ms = fields.on(state) && fields.number(watts) == 0 ? idle_ms + dt.count() : 0;
    const std::int64_t limit_ms = fields.integer(limit_min) * kMinute_ms;
    return limit_ms > 0 && idle_ms >= limit_ms;
  };
  if (idle_for(ac_idle_ms_, "mppt.cfgAcEnabled", "inv.outputWatts", "mppt.acStandbyMins"))
    put_ac(0);
  if (idle_for(car_idle_ms_, "mppt.carState", "mppt.carOutWatts", "mppt.carStandbyMin")) {
    fields.set("mppt.carState", 0);
    fields.set("pd.carState", 0);
  }
  const bool wanted = fields.on("pd.acAutoOutConfig") && !fields.on("pd.acAutoOutPause");
  if (wanted && !empty_ && battery_.soc_percent() >= fields.number("pd.minAcoutSoc")) put_ac(1);
}

void Delta2::update_limits(const Settings& set) {
  const double soc = battery_.soc_percent();
  const double wall_soc = set.wall_limit_soc();
  wall_full_ = held(wall_full_, soc >= wall_soc, soc > wall_soc - kMargin_percent);
  solar_full_ = held(solar_full_, soc >= set.max_soc, soc > set.max_soc - kMargin_percent);
  empty_ = held(empty_, soc <= set.min_soc, soc < set.min_soc + set.resume_soc);
  serves_self_ = set.keeps_reserve && !empty_ &&
                 held(serves_self_, soc > set.reserve_soc + set.resume_soc, soc > set.reserve_soc);
}

// What is plugged in: part of the household, a cooling box, a laptop, a phone, a light.
void Delta2::put_loads(const Settings& set, const Surroundings& around, Flow& flow) const {
  const auto offset_min = static_cast<std::int64_t>(chance_.bits(0) % 60);
  const std::int64_t minute = around.local_ms / kMinute_ms + offset_min;
  const bool dc = !empty_ || flow.wall_w > 0;
  if (flow.bypass || flow.inverting) {
    const double load_w = kHouseholdShare * around.household_w * (1 + 0.02 * noise(1));
    flow.ac_out_w = std::clamp(std::round(load_w), 15.0, set.inverter_w);
  }
  if (dc && set.car_on) flow.car_w = minute % 15 < 10 ? std::round(42 + noise(2)) : 2;
  if (dc && set.usb_on) {
    flow.usb_w = 5;
    flow.fast_usb_w = std::round(std::max(1.0, 11 + noise(3)));
    flow.type_c_w = minute % 40 < 25 ? std::round(44 + 2 * noise(4)) : 0;
  }
}

// Solar power that finds no use is not drawn from the panels; what the wall gives is a setting's.
void Delta2::put_sources(const Settings& set, const Surroundings& around, Flow& flow) const {
  const double wall_dc_w = flow.wall_w - conversion_loss_w(flow.wall_w);
  const double inverter_dc_w =
      flow.inverting ? flow.ac_out_w + conversion_loss_w(flow.ac_out_w) : 0;
  const bool converting = set.ac_on || flow.wall_w > 0;
  double used_w = inverter_dc_w + flow.dc_out_w() + (converting ? kAcOverhead_w : kSleep_w);
  const double accept_w = solar_full_ ? 0
                                      : kBatteryCharge_w * taper(battery_.soc_percent()) *
                                            temperature_derating(battery_.temperature_c());
  const double offered_w = kPanel_w * around.sun * (1 + 0.01 * noise(5));
  const double room_w = std::max(0.0, accept_w + used_w - wall_dc_w) / kSolarEfficiency;
  const double solar_w = std::floor(std::min(offered_w, room_w));
  flow.panels = offered_w >= kFewestSolar_w;
  flow.solar_w = solar_w >= kFewestSolar_w ? solar_w : 0;
  // An empty unit that nothing feeds is off.
  if (empty_ && flow.wall_w == 0 && flow.solar_w == 0) used_w = 0;
  flow.battery_w = wall_dc_w + kSolarEfficiency * flow.solar_w - used_w;
}

Flow Delta2::flow_of(const Settings& set, const Surroundings& around) {
  update_limits(set);
  Flow flow;
  flow.mains = around.grid_up;
  flow.bypass = set.ac_on && flow.mains && !serves_self_;
  flow.inverting = set.ac_on && !flow.bypass && !empty_;
  if (flow.mains && !set.wall_paused && !wall_full_) {
    const double share =
        taper(battery_.soc_percent()) * temperature_derating(battery_.temperature_c());
    const double solar_w = set.solar_first ? kPanel_w * around.sun : 0;
    flow.wall_w = std::round(std::max(0.0, std::min(set.wall_w, kWallCharger_w * share) - solar_w));
  }
  put_loads(set, around, flow);
  put_sources(set, around, flow);
  return flow;
}

void Delta2::warm(const Flow& flow, double air_c, double seconds) {
  const auto follow = [&](double& now_c, double settled_c, double time_s) {
    now_c = settled_c + (now_c - settled_c) * std::exp(-seconds / time_s);
  };
  follow(inverter_c_, air_c + 6 + 0.02 * (flow.ac_out_w + flow.wall_w), 600);
  follow(solar_c_, air_c + 6 + 0.04 * flow.solar_w, 900);
  follow(socket_c_, air_c + 5 + 0.06 * flow.car_w, 900);
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

void Delta2::write_sums(Fields& fields, const Flow& flow) const {
  fields.set_number("pd.wattsInSum", flow.ac_in_w() + flow.solar_w);
  fields.set_number("pd.wattsOutSum", flow.ac_out_w + flow.dc_out_w());
  fields.set_number("pd.inputWatts", flow.ac_in_w());
  fields.set_number("pd.inWatts", flow.solar_w);
  fields.set_number("pd.outputWatts", flow.ac_out_w);
  fields.set_number("pd.outWatts", flow.dc_out_w());
  fields.set("pd.chargerType", flow.wall_w > 0 ? 1 : flow.solar_w > 0 ? 3 : 0);
  if (step_ % 30 == 1) fields.set_number("pd.wifiRssi", -58 + 2 * noise(6));
}

void Delta2::write_ports(Fields& fields, const Flow& flow, double air_c) const {
  fields.set_number("pd.usb1Watts", flow.usb_w);
  fields.set_number("pd.qcUsb1Watts", flow.fast_usb_w);
  fields.set_number("pd.typec1Watts", flow.type_c_w);
  fields.set_number("pd.typec1Temp", flow.type_c_w > 0 ? air_c + 0.2 * flow.type_c_w : 0);
  const double car_v = flow.car_w > 0 ? kCarSocket_v : 0.06;
  fields.set_number("pd.carWatts", flow.car_w);
  for (const auto name : {"pd.carTemp", "mppt.carTemp"}) fields.set_number(name, socket_c_);
  fields.set_number("mppt.carOutWatts", flow.car_w);
  fields.set_number("mppt.carOutVol", car_v * 1000);
  fields.set_number("mppt.carOutAmp", flow.car_w > 0 ? flow.car_w / car_v * 1000 : 0);
}

void Delta2::write_pack(Fields& fields) const {
  const double soc = battery_.soc_percent();
  const double shown_soc = std::round(soc * 10) / 10;
  const double power_w = std::round(battery_.power_w());
  const double temp_c = std::round(battery_.temperature_c());
  for (const std::string_view name :
       {"pd.soc", "bms_bmsStatus.soc", "bms_bmsStatus.actSoc", "bms_emsStatus.lcdShowSoc"}) {
    fields.set_number(name, soc);
  }
  for (const std::string_view name :
       {"bms_bmsStatus.f32ShowSoc", "bms_bmsStatus.targetSoc", "bms_emsStatus.f32LcdShowSoc"}) {
    fields.set_number(name, shown_soc);
  }
  fields.set_number("bms_bmsStatus.vol", battery_.voltage_v() * 1000);
  fields.set_number("bms_bmsStatus.amp", battery_.current_a() * 1000);
  fields.set_number("bms_bmsStatus.inputWatts", std::max(0.0, power_w));
  fields.set_number("bms_bmsStatus.outputWatts", std::max(0.0, -power_w));
  fields.set_number("bms_bmsStatus.remainCap", battery_.remaining_ah() * 1000);
  fields.set_number("bms_bmsStatus.tagChgAmp", 20'000 * taper(soc));
  fields.set_number("bms_bmsStatus.temp", temp_c);
  fields.set_number("bms_bmsStatus.maxCellTemp", temp_c);
  fields.set_number("bms_bmsStatus.minCellTemp", temp_c - 1);
  for (const auto name : {"bms_bmsStatus.maxMosTemp", "bms_bmsStatus.minMosTemp"}) {
    fields.set_number(name, battery_.temperature_c() + 1 + std::abs(battery_.current_a()));
  }
  const std::int64_t warm = fields.integer("bms_bmsStatus.temp");
  fields.set("bms_bmsStatus.cellTemp", JsonArray{warm, warm, warm - 1, warm - 1});
}

// The first cell is above the others by as much as the last is below, so that the sum stays the
// pack's.
void Delta2::write_cells(Fields& fields) const {
  const std::int64_t total_mv = fields.integer("bms_bmsStatus.vol");
  const double drop_mv = std::abs(battery_.current_a()) * kCell_ohm * 1000;
  const auto apart_mv = static_cast<std::int64_t>(1 + 0.05 * drop_mv);
  JsonArray cells;
  std::int64_t low_mv = total_mv;
  std::int64_t high_mv = 0;
  for (int k = 0; k < kCells; ++k) {
    std::int64_t cell_mv = total_mv / kCells + (k < total_mv % kCells ? 1 : 0);
    if (k == 0) cell_mv += apart_mv;
    if (k == kCells - 1) cell_mv -= apart_mv;
    low_mv = std::min(low_mv, cell_mv);
    high_mv = std::max(high_mv, cell_mv);
    cells.emplace_back(cell_mv);
  }
  fields.set("bms_bmsStatus.cellVol", std::move(cells));
  fields.set("bms_bmsStatus.minCellVol", low_mv);
  fields.set("bms_bmsStatus.maxCellVol", high_mv);
  fields.set("bms_bmsStatus.maxVolDiff", high_mv - low_mv);
}

void Delta2::write_management(Fields& fields, const Settings& set, const Flow& flow) const {
  const double current_a = battery_.current_a();
  const double limit_soc = flow.wall_w > 0 ? set.wall_limit_soc() : set.max_soc;
  const int to_full = battery_.minutes_to_full(limit_soc, kLongest_min);
  const int to_empty = battery_.minutes_to_empty(set.min_soc, kLongest_min);
  const bool charges = current_a > 0.05;
  fields.set("bms_emsStatus.chgRemainTime", to_full);
  fields.set("bms_emsStatus.dsgRemainTime", to_empty);
  fields.set("bms_bmsStatus.remainTime", charges ? to_full : to_empty);
  fields.set("pd.remainTime", charges ? to_full : -to_empty);
  const int state = current_a > kIdle_a ? 2 : current_a < -kIdle_a ? 1 : 0;
  for (const auto name : {"pd.chgDsgState", "bms_emsStatus.sysChgDsgState"})
    fields.set(name, state);

  const std::int64_t pack_mv = fields.integer("bms_bmsStatus.vol");
  const std::int64_t margin_mv = state == 1 ? 750 : 1000;
  fields.set("bms_emsStatus.chgVol", pack_mv + 2000);
  fields.set("bms_emsStatus.paraVolMin", pack_mv - margin_mv);
  fields.set("bms_emsStatus.paraVolMax", pack_mv + margin_mv);
  fields.set("bms_emsStatus.chgCmd", solar_full_ ? 0 : 1);
  fields.set("bms_emsStatus.dsgCmd", empty_ ? 0 : 1);
  fields.set("bms_emsStatus.chgLinePlug", flow.mains ? 1 : 0);
  const double cell_c = battery_.temperature_c();
  const int warnings = (cell_c > 45 ? 1 : 0) + (cell_c < 0 ? 2 : 0) + (state == 2 ? 8 : 0);
  fields.set("bms_emsStatus.bmsWarState", warnings);
  const int fan = fan_level(std::max(flow.ac_out_w, flow.wall_w));
  for (const auto name : {"bms_emsStatus.fanLevel", "inv.fanState"}) fields.set(name, fan);
}

void Delta2::write_solar(Fields& fields, const Flow& flow) const {
  const double idle_v = flow.panels ? kPanelOpen_v : 1.5;
  const double in_v = (flow.solar_w > 0 ? kPanel_v : idle_v) * (1 + 0.004 * noise(7));
  const double out_v = battery_.voltage_v() + 0.2;
  const double out_w = std::round(kSolarEfficiency * flow.solar_w);
  fields.set_number("mppt.inVol", in_v * 1000);
  fields.set_number("mppt.inAmp", flow.solar_w / in_v * 1000);
  fields.set_number("mppt.inWatts", flow.solar_w);
  fields.set_number("mppt.outVol", out_v * 1000);
  fields.set_number("mppt.outAmp", out_w / out_v * 1000);
  fields.set_number("mppt.outWatts", out_w);
  fields.set_number("mppt.mpptTemp", solar_c_);
  fields.set("mppt.x60ChgType", flow.panels ? 1 : 0);
  fields.set("mppt.chgState", flow.solar_w > 0 ? 1 : 0);
  fields.set("mppt.chgType", flow.solar_w > 0 ? 2 : flow.wall_w > 0 ? 3 : 0);
}

void Delta2::write_inverter(Fields& fields, const Flow& flow, const Surroundings& around) const {
  const double mains_v = flow.mains ? around.grid_v + 0.1 * noise(8) : 0;
  const int mains_hz = !flow.mains ? 0 : around.grid_hz > 55 ? 60 : 50;
  const double set_v = fields.number("mppt.cfgAcOutVol");
  const int set_hz = fields.integer("mppt.cfgAcOutFreq") == 60 ? 60 : 50;
  double out_v = 0;
  if (flow.bypass) out_v = mains_v - 0.3;
  // The document's own example sets 30 V, which no socket gives.
  if (flow.inverting) out_v = (set_v >= 100 && set_v <= 240 ? set_v : 230) - 0.4 + 0.1 * noise(9);
  fields.set_number("inv.inputWatts", flow.ac_in_w());
  fields.set_number("inv.outputWatts", flow.ac_out_w);
  fields.set_number("inv.acInVol", mains_v * 1000);
  fields.set_number("inv.acInAmp", mains_v > 0 ? flow.ac_in_w() / mains_v * 1000 : 0);
  fields.set("inv.acInFreq", mains_hz);
  fields.set_number("inv.invOutVol", out_v * 1000);
  fields.set_number("inv.invOutAmp", out_v > 0 ? flow.ac_out_w / out_v * 1000 : 0);
  fields.set("inv.invOutFreq", flow.bypass ? mains_hz : flow.inverting ? set_hz : 0);
  fields.set_number("inv.outTemp", inverter_c_);
  fields.set("inv.chargerType", flow.mains ? 1 : flow.panels ? 3 : 0);
  for (const auto name : {"inv.dischargeType", "mppt.dischargeType"}) {
    fields.set(name, flow.inverting ? 1 : 0);
  }
}

}  // namespace

std::unique_ptr<Model> make_delta_2(Chance chance) { return std::make_unique<Delta2>(chance); }

}  // namespace gridloom::sim
