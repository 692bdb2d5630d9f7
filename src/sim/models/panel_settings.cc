#include "sim/models/panel_settings.h"

#include "sim/models/panel_json.h"

namespace gridloom::sim::panel {
namespace {

using wire::Json;

Settings::Hand hand_of(const Json& list, std::size_t index) {
  const Json& control = at(list, index);
  return {.holds = integer(control, "ctrlMode") != 0,
          .source = Source{integer(control, "ctrlSta")}};
}

}  // namespace

Settings read_settings(const Fields& fields) {
  Settings set;
  for (std::size_t i = 0; i < kLoads; ++i) {
    const Json& strategy = at(fields.get("emergencyStrategy.chSta"), i);
    set.circuits.at(i) = {.hand = hand_of(fields.get(kLoadControl), i),
                          .in_use = at(fields.get("chUseInfo.isEnable"), i) != Json(false),
                          .priority = integer(strategy, "priority"),
                          .rescued = integer(strategy, "isEnable") != 0};
  }
  for (std::size_t k = 0; k < kPacks; ++k) {
    set.packs.at(k) = hand_of(fields.get(kBackupControl), k);
  }
  for (std::size_t i = 0; i < set.limit_w.size(); ++i) {
    const double limit_a = number(at(fields.get("loadChCurInfo.cur"), i));
    set.limit_w.at(i) = limit_a * fields.number("gridInfo.gridVol");
  }
  set.floor_soc = fields.number("backupChaDiscCfg.discLower");
  set.full_soc = fields.number("backupChaDiscCfg.forceChargeHigh");
  set.rescues_chosen = fields.on("emergencyStrategy.isCfg");
  set.sheds_one_by_one = fields.on("emergencyStrategy.overloadMode");
  set.eps = fields.on("epsModeInfo.eps");
  set.tasks = fields.get("timeTask");
  return set;
}

}  // namespace gridloom::sim::panel
