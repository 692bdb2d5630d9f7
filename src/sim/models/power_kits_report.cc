#include "sim/models/power_kits_report.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace gridloom::sim::kits {
namespace {

constexpr double kPv_v = 52;
constexpr std::array<double, 2> kDcOut_v = {13.6, 27.2};  // by cfgVolTag
constexpr double kDcResidual_v = 0.134;
constexpr int kBus_mv = 385000;        // the inverter's inner bus, running
constexpr int kChargingException = 8;  // value of protectState
constexpr int kBusResidual_mv = 725;

void write_inputs(Fields& fields, const Moment& now) {
  const Flow& flow = now.flow;
  const Offer& offer = now.offer;
  Module solar(fields, "kitscc");
  solar.set_converter(flow.pv_w, now.packs.bus_v(), 0.008 * now.noise(2), now.converters.solar,
                      now.environment.air_c);
  const int pv_w = rounded(flow.pv_w / kEfficiency);
  const int offered_w = std::max(sum(offer.pv_w), 1);
  const int first_w = rounded(static_cast<double>(pv_w) * offer.pv_w.front() / offered_w);
  // Panels that the balance curtails run at a higher voltage.
  const bool sunny = now.environment.sun > kDawn;
  const double pv_v =
      !sunny ? 0
             : kPv_v + 3 * now.environment.sun + 8 * (1 - static_cast<double>(pv_w) / offered_w);
  const std::array<int, 2> in_w = {first_w, pv_w - first_w};
  for (std::size_t k = 0; k < in_w.size(); ++k) {
    const std::string prefix = k == 0 ? "pv1" : "pv2";
    const double input_v = pv_v + (sunny ? 0.2 * now.noise(3 + k) : 0);
    solar.set(prefix + "InWatts", in_w.at(k));
    solar.set(prefix + "InVol", milli(input_v));
    solar.set(prefix + "InCurr", sunny ? milli(in_w.at(k) / input_v) : 0);
    solar.set(prefix + "InputFlag", sunny ? 1 : 0);
  }
  solar.set("chgEnergy", std::floor(now.converters.solar.ever_wh));

  Module input(fields, "bbcin");
  const double alternator_v = offer.engine ? kAlternator_v + 0.1 * now.noise(5) : 0;
  const int alternator_w = rounded(flow.alternator_w / kEfficiency);
  input.set_converter(flow.alternator_w - flow.vehicle_w, now.packs.bus_v(), 0.012 * now.noise(6),
                      now.converters.alternator, now.environment.air_c);
  input.set("dcInVol", milli(alternator_v));
  input.set("dcInWatts", alternator_w);
  input.set("dcInCurr", offer.engine ? milli(alternator_w / alternator_v) : 0);
  input.set("dcInState", offer.engine);
  input.set("chgType", offer.engine);
  input.set("chargeMode", flow.vehicle_w > 0);
  input.set("isCarMoving", offer.moving);
  input.set("bpOnlinePos", (1U << now.packs.count()) - 1);
  input.set("dsgEnergy", std::floor(now.converters.alternator.ever_wh));
}

void write_dc(Fields& fields, const Moment& now) {
  const Flow& flow = now.flow;
  const Offer& offer = now.offer;
  Module output(fields, "bbcout");
  const double set_v = kDcOut_v.at(output.integer("cfgVolTag") == 0 ? 0 : 1);
  const double live_v = set_v - 0.0004 * flow.dc_out_w + 0.01 * now.noise(7);
  const double out_v = flow.dc ? live_v : kDcResidual_v;
  output.set_converter(-flow.dc_w, now.packs.bus_v(), 0.01 * now.noise(8), now.converters.dc,
                       now.environment.air_c);
  output.set("ldOutVol", milli(out_v));
  output.set("ldOutWatts", flow.dc_out_w);
  output.set("ldOutCurr", milli(flow.dc_out_w / out_v));
  output.set("dsgEnergy", std::floor(now.converters.dc.ever_wh));
  const auto watts = flow.dc ? offer.dc_w : decltype(offer.dc_w){};
  Module(fields, "lddc")
      .set_channels("dc", watts, flow.dc ? offer.dc_channels : 0, flow.dc ? out_v : 0,
                    now.environment.air_c + 4);
}

void write_ac(Fields& fields, const Moment& now) {
  const Flow& flow = now.flow;
  const Offer& offer = now.offer;
  Module inverter(fields, "ichigh");
  const double in_v = offer.shore ? now.environment.grid_v + 0.2 * now.noise(9) : 0;
  const double made_v = inverter.number("appCfg.acVolSet") + 0.3 * now.noise(10);
  const double live_v = flow.bypass ? in_v : made_v;
  const double out_v = flow.ac() ? live_v : 0;
  const int made_hz = inverter.integer("appCfg.acFreqSet");
  const int live_hz = flow.bypass ? rounded(now.environment.grid_hz) : made_hz;
  inverter.set("inVol", milli(in_v));
  inverter.set("inWatts", flow.ac_in_w);
  inverter.set("inCurr", offer.shore ? milli(flow.ac_in_w / in_v) : 0);
  inverter.set("inFreq", offer.shore ? rounded(now.environment.grid_hz) : 0);
  inverter.set("outVol", milli(out_v));
  inverter.set("outWatts", flow.ac_out_w);
  inverter.set("outVa", flow.ac_out_w);
  inverter.set("outCurr", flow.ac() ? milli(flow.ac_out_w / out_v) : 0);
  inverter.set("outFreq", flow.ac() ? live_hz : 0);
  inverter.set("invSwSta", flow.ac() ? 1 : 0);
  inverter.set("acTemp", now.converters.ac_out.sink_c + 2);
  inverter.set("inputWhInDay", std::floor(now.converters.ac_in.day_wh));
  inverter.set("outputWhInDay", std::floor(now.converters.ac_out.day_wh));
  const auto watts = flow.ac() ? offer.ac_w : decltype(offer.ac_w){};
  Module panel(fields, "ldac");
  panel.set_channels("ac", watts, flow.ac() ? offer.ac_channels : 0, out_v,
                     now.environment.air_c + 5);
}

void write_charger(Fields& fields, const Moment& now) {
  const Flow& flow = now.flow;
  const Offer& offer = now.offer;
  Module low(fields, "iclow");
  const bool running = flow.inverter || flow.charger_w > 0;
  const int acceptable = now.packs.acceptable_w();
  const int direction = flow.charger_w > 0 ? 2 : 1;
  const int permission = acceptable > 0 ? 1 : 2;
  const double sink_c = now.converters.ac_out.sink_c;
  low.set("batVol", milli(now.packs.bus_v()));
  low.set("batCurr", milli((flow.charger_w - flow.inverter_w) / now.packs.bus_v()));
  low.set("busVol", running ? kBus_mv + rounded(400 * now.noise(11)) : kBusResidual_mv);
  low.set("dcTemp", sink_c);
  low.set("fanLevel", std::clamp((rounded(sink_c) - 35) / 8, 0, 3));
  low.set("chgType", offer.shore ? 1 : 0);
  low.set("chgInType", (offer.shore ? 1 : 0) + (flow.pv_w > 0 ? 2 : 0));
  low.set("chgDsgState", running ? direction : 0);
  low.set("maxChgCurr", offer.charger ? milli(kCharger_w * kEfficiency / now.packs.bus_v()) : 0);
  low.set("bmsChgCurr", milli(acceptable / now.packs.bus_v()));
  low.set("chgBatVol", milli(now.packs.bus_v()) + 240);
  low.set("chrgFlag", now.packs.are_on() ? permission : 0);
  low.set("realSoc", now.packs.soc());
  low.set("protectState", now.packs.failed_to_heat() ? kChargingException : 0);
  low.set("lsplFlag", flow.low_power || !(running || flow.bypass) ? 1 : 0);
}

}  // namespace

void write_report(Fields& fields, const Moment& now) {
  write_inputs(fields, now);
  write_dc(fields, now);
  write_ac(fields, now);
  write_charger(fields, now);
}

}  // namespace gridloom::sim::kits
