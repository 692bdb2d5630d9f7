#include "sim/models/delta_2_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>

#include "wire/json.h"

namespace gridloom::sim::delta_2 {
namespace {

using wire::JsonArray;

constexpr double kPanel_v = 36;
constexpr double kPanelOpen_v = 42;
constexpr int kLongest_min = 5939;
constexpr int kOverload = 2;  // value of inv.errCode
constexpr std::int64_t kCells = 16;
constexpr double kCell_ohm = 0.0093;
constexpr double kCarSocket_v = 13.6;
constexpr double kChargeRequest_ma = 20'000;
constexpr double kIdle_a = 0.5;  // below, the screen shows neither charging nor discharging

int fan_level(double power_w) {
  constexpr std::array<double, 3> kSteps_w = {200, 600, 1200};
  return static_cast<int>(
      std::ranges::count_if(kSteps_w, [&](double step_w) { return power_w > step_w; }));
}

void write_sums(Fields& fields, const Moment& now) {
  const Flow& flow = now.flow;
  fields.set_number("pd.wattsInSum", flow.ac_in_w() + flow.dc_in_w());
  fields.set_number("pd.wattsOutSum", flow.ac_out_w + flow.dc_out_w());
  fields.set_number("pd.inputWatts", flow.ac_in_w());
  fields.set_number("pd.inWatts", flow.dc_in_w());
  fields.set_number("pd.outputWatts", flow.ac_out_w);
  fields.set_number("pd.outWatts", flow.dc_out_w());
  const int by_input = flow.at_car ? 2 : 3;
  const int by_dc = flow.solar_w > 0 ? by_input : flow.generator_w > 0 ? 2 : 0;
  fields.set("pd.chargerType", flow.wall_w > 0 ? 1 : by_dc);
  if (now.noise.step() % 30 == 1) fields.set_number("pd.wifiRssi", -58 + 2 * now.noise(6));
}

void write_ports(Fields& fields, const Moment& now) {
  const Flow& flow = now.flow;
  fields.set_number("pd.usb1Watts", flow.usb_w);
  fields.set_number("pd.qcUsb1Watts", flow.fast_usb_w);
  fields.set_number("pd.typec1Watts", flow.type_c_w);
  fields.set_number("pd.typec1Temp",
                    flow.type_c_w > 0 ? now.environment.air_c + 0.2 * flow.type_c_w : 0);
  const double car_v = flow.car_w > 0 ? kCarSocket_v : 0.06;
  fields.set_number("pd.carWatts", flow.car_w);
  for (const auto name : {"pd.carTemp", "mppt.carTemp"}) fields.set_number(name, now.socket_c);
  fields.set_number("mppt.carOutWatts", flow.car_w);
  fields.set_number("mppt.carOutVol", car_v * 1000);
  fields.set_number("mppt.carOutAmp", flow.car_w > 0 ? flow.car_w / car_v * 1000 : 0);
}

void write_pack(Fields& fields, const Moment& now) {
  const Battery& battery = now.battery;
  const double soc = battery.soc_percent();
  const double shown_soc = round_to(soc, 10);
  const double power_w = std::round(battery.power_w());
  const double temp_c = std::round(battery.temperature_c());
  for (const std::string_view name :
       {"pd.soc", "bms_bmsStatus.soc", "bms_bmsStatus.actSoc", "bms_emsStatus.lcdShowSoc"}) {
    fields.set_number(name, soc);
  }
  for (const std::string_view name :
       {"bms_bmsStatus.f32ShowSoc", "bms_bmsStatus.targetSoc", "bms_emsStatus.f32LcdShowSoc"}) {
    fields.set_number(name, shown_soc);
  }
  fields.set_number("bms_bmsStatus.vol", battery.voltage_v() * 1000);
  fields.set_number("bms_bmsStatus.amp", battery.current_a() * 1000);
  fields.set_number("bms_bmsStatus.inputWatts", std::max(0.0, power_w));
  fields.set_number("bms_bmsStatus.outputWatts", std::max(0.0, -power_w));
  fields.set_number("bms_bmsStatus.remainCap", battery.remaining_ah() * 1000);
  fields.set_number("bms_bmsStatus.tagChgAmp", kChargeRequest_ma * kTaper.at(soc));
  fields.set_number("bms_bmsStatus.temp", temp_c);
  fields.set_number("bms_bmsStatus.maxCellTemp", temp_c);
  fields.set_number("bms_bmsStatus.minCellTemp", temp_c - 1);
  for (const auto name : {"bms_bmsStatus.maxMosTemp", "bms_bmsStatus.minMosTemp"}) {
    fields.set_number(name, battery.temperature_c() + 1 + std::abs(battery.current_a()));
  }
  const std::int64_t warm = fields.integer("bms_bmsStatus.temp");
  fields.set("bms_bmsStatus.cellTemp", JsonArray{warm, warm, warm - 1, warm - 1});
}

void write_age(Fields& fields, const Moment& now) {
  const double full_mah = now.battery.capacity_ah() * 1000;
  fields.set_number("bms_bmsStatus.fullCap", full_mah);
  fields.set_number("bms_bmsStatus.cycles", std::floor(now.battery.cycles()));
  fields.set_number("bms_bmsStatus.soh", 100 * full_mah / now.design_mah);
}

// The first cell is above the others by as much as the last one is below, so that the sum stays the
// pack's voltage.
void write_cells(Fields& fields, const Moment& now) {
  const std::int64_t total_mv = fields.integer("bms_bmsStatus.vol");
  const double drop_mv = std::abs(now.battery.current_a()) * kCell_ohm * 1000;
  const auto apart_mv = static_cast<std::int64_t>(1 + 0.05 * drop_mv);
  JsonArray cells;
  std::int64_t low_mv = total_mv;
  std::int64_t high_mv = 0;
  for (std::int64_t k = 0; k < kCells; ++k) {
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

void write_management(Fields& fields, const Moment& now) {
  const Flow& flow = now.flow;
  const Battery& battery = now.battery;
  const double current_a = battery.current_a();
  const double limit_soc = flow.wall_w > 0 ? now.set.wall_limit_soc() : now.set.max_soc;
  const int to_full =
      battery.minutes_to_full({.soc_percent = limit_soc, .longest_min = kLongest_min});
  const int to_empty =
      battery.minutes_to_empty({.soc_percent = now.set.min_soc, .longest_min = kLongest_min});
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
  fields.set("bms_emsStatus.chgCmd", now.planner.is_full() ? 0 : 1);
  fields.set("bms_emsStatus.dsgCmd", now.planner.is_empty() ? 0 : 1);
  fields.set("bms_emsStatus.chgLinePlug", flow.mains ? 1 : 0);
  const double cell_c = battery.temperature_c();
  const int warnings = (cell_c > 45 ? 1 : 0) + (cell_c < 0 ? 2 : 0) + (state == 2 ? 8 : 0);
  fields.set("bms_emsStatus.bmsWarState", warnings);
  const int fan = fan_level(std::max(flow.ac_out_w, flow.wall_w));
  for (const auto name : {"bms_emsStatus.fanLevel", "inv.fanState"}) fields.set(name, fan);
}

void write_solar(Fields& fields, const Moment& now) {
  const Flow& flow = now.flow;
  const double idle_v = flow.panels ? kPanelOpen_v : 1.5;
  const double panel_v = (flow.solar_w > 0 ? kPanel_v : idle_v) * (1 + 0.004 * now.noise(7));
  const double in_v = flow.at_car ? kCar_v : panel_v;
  const double out_v = now.battery.voltage_v() + 0.2;
  const double out_w = std::round(kSolarEfficiency * flow.solar_w);
  fields.set_number("mppt.inVol", in_v * 1000);
  fields.set_number("mppt.inAmp", flow.solar_w / in_v * 1000);
  fields.set_number("mppt.inWatts", flow.solar_w);
  fields.set_number("mppt.outVol", out_v * 1000);
  fields.set_number("mppt.outAmp", out_w / out_v * 1000);
  fields.set_number("mppt.outWatts", out_w);
  fields.set_number("mppt.mpptTemp", now.solar_c);
  fields.set("mppt.x60ChgType", flow.at_car ? 2 : flow.panels ? 1 : 0);
  fields.set("mppt.chgState", flow.solar_w > 0 ? 1 : 0);
  const int by_input = flow.at_car ? 1 : 2;
  const int without_generator = flow.solar_w > 0 ? by_input : flow.wall_w > 0 ? 3 : 0;
  fields.set("mppt.chgType", flow.generator_w > 0 ? 4 : without_generator);
}

void write_inverter(Fields& fields, const Moment& now) {
  const Flow& flow = now.flow;
  const double mains_v = flow.mains ? now.environment.grid_v + 0.1 * now.noise(8) : 0;
  const int mains_hz = !flow.mains ? 0 : now.environment.grid_hz > 55 ? 60 : 50;
  const double set_v = fields.number("mppt.cfgAcOutVol");
  const int set_hz = fields.integer("mppt.cfgAcOutFreq") == 60 ? 60 : 50;
  double out_v = 0;
  if (flow.bypass) out_v = mains_v - 0.3;
  // The document's own example sets 30 V, which no socket supplies.
  if (flow.inverting) {
    const double wanted_v = set_v >= 100 && set_v <= 240 ? set_v : 230;
    out_v = flow.ac_v_share * wanted_v - 0.4 + 0.1 * now.noise(9);
  }
  fields.set_number("inv.inputWatts", flow.ac_in_w());
  fields.set_number("inv.outputWatts", flow.ac_out_w);
  fields.set_number("inv.acInVol", mains_v * 1000);
  fields.set_number("inv.acInAmp", mains_v > 0 ? flow.ac_in_w() / mains_v * 1000 : 0);
  fields.set("inv.acInFreq", mains_hz);
  fields.set_number("inv.invOutVol", out_v * 1000);
  fields.set_number("inv.invOutAmp", out_v > 0 ? flow.ac_out_w / out_v * 1000 : 0);
  fields.set("inv.errCode", now.tripped ? kOverload : 0);
  fields.set("inv.invOutFreq", flow.bypass ? mains_hz : flow.inverting ? set_hz : 0);
  fields.set_number("inv.outTemp", now.inverter_c);
  fields.set("inv.chargerType", flow.mains ? 1 : flow.at_car ? 2 : flow.panels ? 3 : 0);
  for (const auto name : {"inv.dischargeType", "mppt.dischargeType"}) {
    fields.set(name, flow.inverting ? 1 : 0);
  }
}

}  // namespace

void write_report(Fields& fields, const Moment& now) {
  write_sums(fields, now);
  write_ports(fields, now);
  write_pack(fields, now);
  write_age(fields, now);
  write_cells(fields, now);
  write_management(fields, now);
  write_solar(fields, now);
  write_inverter(fields, now);
}

}  // namespace gridloom::sim::delta_2
