#include "sim/models/power_kits_settings.h"

#include "sim/models/power_kits_module.h"

namespace gridloom::sim::kits {
namespace {

constexpr int kUnswitched = 0xfc0;  // DC channels 7 to 12 have no relay
constexpr int kSupplies = 2;        // workMode of an input that supplies instead
constexpr int kGridFirst = 1;

}  // namespace

Settings read_settings(Fields& fields) {
  Settings set;
  Module solar(fields, "kitscc");
  set.panels = {solar.on("mppt1SwSta"), solar.on("mppt2SwSta")};
  Module input(fields, "bbcin");
  set.alternator_paused = input.on("chgPause");
  set.alternator_wants_volts = input.on("altVoltLmtEn");
  set.alternator_least_v = input.number("altVoltLmt") / 10;
  set.alternator_most_a = input.number("chgMaxCurr") / 1000;
  set.alternator_when_idling = input.on("shakeCtrlDisable");
  set.feeds_vehicle = input.integer("workMode") == kSupplies;
  set.may_feed_vehicle = input.on("allowDsgOn");
  Module inverter(fields, "ichigh");
  set.ac_on = inverter.on("appCfg.powerOn");
  set.charges_from_ac = !inverter.on("appCfg.acChgDisable");
  set.grid_first = inverter.integer("passByModeEn") == kGridFirst;
  set.bypass_most_a = inverter.number("appCfg.passByMaxCurr");
  set.charge_most_a = inverter.number("appCfg.acMaxCurrSer");
  set.ac_standby_min = inverter.integer("standbyTime");
  Module output(fields, "bbcout");
  set.dc_on = output.on("dcOutSta");
  set.dc_standby_min = output.integer("standbyTime");
  set.ac_channels = Module(fields, "ldac").integer("acSetChSta");
  Module panel(fields, "lddc");
  set.dc_channels = panel.integer("dcSetChSta") & (panel.integer("dcChRelay") | kUnswitched);
  return set;
}

}  // namespace gridloom::sim::kits
