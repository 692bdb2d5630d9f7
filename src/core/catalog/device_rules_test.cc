// Mistakes in the keys of device files that only some families need: what a refused set says, what
// quota/all answers, identities, histories, heat pumps and loads that switch themselves off. The
// files are shipped ones with one change each.
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "catalog/loader.h"
#include "catalog/test_mistakes.h"

namespace gridloom::catalog {
namespace {

std::string_view shipped(std::string_view name) {
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.name == name) return file.text;
  }
  throw std::runtime_error("no such device file");
}

TEST(DeviceRules, TellMistakesOfStream) {
  expect_told(
      {
          {"quota_all_fields: [backupReverseSoc,", "quota_all_fields: [backupSoc,",
           "quota_all_fields: \"backupSoc\" is not a field of this family"},
          {"quota_all: flat", "quota_all: nested",
           "quota_all_fields: has no effect: quota_all is nested"},
          {"select_aliases: {CmdId: cmdId,", "select_aliases: {CmdId: cmd,",
           "select_aliases.CmdId: must be a member of select: cmdId or cmdFunc"},
          {"select_aliases: {CmdId: cmdId,", "select_aliases: {cmdFunc: cmdId,",
           "select_aliases.cmdFunc: is a member of select itself"},
          {"refused_with: \"8524\"", "refused_with: \"8523\"", "refused_with: \"8523\" must be"},
          {"    refusal: {configOk: false}\n", "",
           "commands.configure.refusal: goes together with valid_while"},
          {"valid_while: backupReverseSoc -", "valid_while: backupSoc -",
           "commands.configure.valid_while: "},
          {"refusal: {configOk: false}", "refusal: {configOk: $nothing}",
           "commands.configure.refusal: $nothing is unknown"},
          {"        exactly_one: true\n        fields:\n          operateSelfPoweredOpen: {type: "
           "bool",
           "        exactly_one: true\n        fields:\n          operateSelfPoweredOpen: {type: "
           "int",
           "cfgEnergyStrategyOperateMode.exactly_one: only an object whose members are all bool"},
          {"action: 380", "action: relay", "cfgRelay2Onoff.action: must be a whole number"},
          {"action: 380", "action: 65536", "cfgRelay2Onoff.action: 65536 must be 0 to 65535"},
          {"  report: {}", "  report: {version: \"1.0\"}",
           "messages.report: must be {}: a report without report_body has no envelope"},
          {"- {name: co2, unit: kg, counter: pv, times: 0.4}",
           "- {name: co2, unit: kg, counter: sun, times: 0.4}", "counter: \"sun\" must be"},
          {"{name: grid, unit: Wh, counter: grid_in, times: 1000, extra: \"1\"}",
           "{name: grid, unit: Wh, counter: grid_in, times: 1000, also: \"1\"}",
           "also: unknown key"},
          {"- {left: cmsBattSoc, right: bmsBattSoc}", "- {left: cmsBattSoc}",
           "right: this key is missing"},
          {"- {left: cmsBattSoc, right: bmsBattSoc}", "- {left: cmsSoc, right: bmsBattSoc}",
           "identities"},
          {"signal: {shape: clock}", "signal: {shape: clock, step: 2}", "quota_cloud_ts.signal"},
      },
      "stream.yaml", shipped("stream.yaml"));
}

TEST(DeviceRules, TellMistakesOfSwitchedLoads) {
  expect_told(
      {
          {"tripped: 2_1.warnCode", "tripped: 2_1.warning", "physics.loads.appliance.tripped: "},
          {"circuits: [refrigerator]", "circuits: [fridge]", "physics.loads.appliance.circuits: "},
          {"      switch: 2_1.switchSta\n", "", "physics.loads.appliance"},
          {"limits: {power: 2_1.maxWatts}", "limits: {most: 2_1.maxWatts}",
           "physics.loads.appliance.limits"},
      },
      "smart_plug.yaml", shipped("smart_plug.yaml"));
}

TEST(DeviceRules, TellMistakesOfHeatPumps) {
  expect_told(
      {
          {"      target: pd.flagTwoZone *", "      aim: pd.flagTwoZone *",
           "physics.heat_pumps.right.aim: unknown key"},
          {"share: 1 - 0.4 * pd.coolMode", "share: 1 - 0.4 * pd.coldMode",
           "physics.heat_pumps.right.share: "},
          {"opens_per_day: 12", "opens_per_day: -1", "physics.heat_pumps.right.opens_per_day: -1"},
          {"cop: 1.6", "cop: -1", "physics.heat_pumps.right.cop: -1 must be"},
          {"      loss_w_per_k: 0.9\n", "", "physics.heat_pumps.right.loss_w_per_k: this key"},
          {"open: pd.doorStat}", "opened: pd.doorStat}", "physics.heat_pumps.right.feeds"},
      },
      "glacier.yaml", shipped("glacier.yaml"));
}

TEST(DeviceRules, TellMistakesOfWhatPeopleRead) {
  expect_told(
      {
          {"  mppt: {title: Solar and car socket}\n", "  solar: {title: Solar and car socket}\n",
           "groups.solar: no field begins with solar."},
          {"  inv: {title: AC side}\n", "  inv: {}\n", "groups.inv.title: this key is missing"},
          {"  inv: {title: AC side}\n", "  inv: {title: All that the inverter tells of itself}\n",
           "groups.inv.title: "},
          {"  inv: {title: AC side}\n", "  inv: {title: AC side, fields: [inv., pd.socks]}\n",
           "groups.inv.fields: \"pd.socks\" is neither a field"},
          {"  inv: {title: AC side}\n", "  inv: {title: AC side, fields: [inv]}\n",
           "groups.inv.fields: \"inv\" is neither a field"},
          {"  inv: {title: AC side}\n", "  inv: {title: AC side, fields: [inv., inv.]}\n",
           "groups.inv.fields: \"inv.\" stands in a group already"},
          {"    format: version\n    title: Main board", "    format: date\n    title: Main board",
           "fields.pd.sysVer.format: \"date\" must be"},
          {"    format: version\n    title: Main board", "    format: text\n    title: Main board",
           "fields.pd.sysVer.format: only an array can be read as a text"},
          {"    format: version\n    title: Main board",
           "    format: version\n    unit: s\n    title: Main board",
           "fields.pd.sysVer.format: takes the place of unit, values and bits"},
          {"    type: array\n    format: text\n", "    type: array\n    format: version\n",
           "fields.bms_bmsStatus.hwVersion.format: only an int can be read as a version"},
          {"    essential: true\n", "    essential: very\n", "fields.pd.chgDsgState.essential: "},
          {"    unit: min\n    range: [0, 5999]\n    never: 0\n    title: Sleep",
           "    unit: W\n    range: [0, 5999]\n    never: 0\n    title: Sleep",
           "fields.pd.standbyMin.never: needs the unit s, min or h"},
          {"    group: display\n    select: {moduleType: 5, operateType: quietMode}",
           "    group: noise\n    select: {moduleType: 5, operateType: quietMode}",
           "commands.quietMode.group: \"noise\" must be"},
      },
      "delta_2.yaml", shipped("delta_2.yaml"));
}

TEST(DeviceRules, TellMistakesOfPacksAndBits) {
  expect_told(
      {
          {"count: hs_yj751_pd_appshow_addr.bpNum", "count: bpNum",
           "physics.batteries.packs.count: "},
          {"bit: 2", "bit: 64", "bit: "},
          {"bit: 2", "bit: two", "bit: must be a whole number"},
      },
      "delta_pro_ultra.yaml", shipped("delta_pro_ultra.yaml"));
}

}  // namespace
}  // namespace gridloom::catalog
