#include "sim/models/panel_tasks.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "wire/json.h"

namespace gridloom::sim::panel {
namespace {

// A task for the packs in the first eighty minutes of each day in `range`.
std::string task(std::string_view com_cfg, std::string_view range) {
  return fmt::format(
      R"({{"index":0,"cfg":{{"param":{{"lowBattery":20,"hightBattery":80,"chChargeWatt":700,)"
      R"("chSta":[0,1]}},"comCfg":{{{},"type":1,"timeScale":[255,0,0],"timeRange":{}}}}}}})",
      com_cfg, range);
}
constexpr std::string_view kOn = R"("isCfg":1,"isEnable":1)";

Tasks tasks_of(std::string_view list) { return Tasks(wire::parse_json(list).value()); }

TEST(PanelTasks, RequestChargingInTheirSlotsAndOnTheirDays) {
  const struct {
    std::string_view range;
    Stamp now;
    bool active;
  } rows[] = {
      {"{}", {2025, 6, 18, 0, 0, 0}, true},
      {"{}", {2025, 6, 18, 1, 19, 59}, true},
      {"{}", {2025, 6, 18, 1, 20, 0}, false},
      {R"({"isCfg":0,"isEnable":1,"startTime":{"year":2026}})", {2025, 6, 18, 0, 0, 0}, true},
      {R"({"isCfg":1,"isEnable":1,"startTime":{"year":2026}})", {2025, 6, 18, 0, 0, 0}, false},
      {R"({"isCfg":1,"isEnable":1,"startTime":{"year":2025,"month":6,"day":18,"sec":1}})",
       {2025, 6, 18, 0, 0, 0},
       false},
      {R"({"isCfg":1,"isEnable":1,"startTime":{"year":2025,"month":6,"day":18,"sec":1}})",
       {2025, 6, 18, 0, 0, 1},
       true},
      {R"({"isCfg":1,"isEnable":1,"endTime":{"year":2025,"month":6,"day":18,"sec":1}})",
       {2025, 6, 18, 0, 0, 1},
       true},
      {R"({"isCfg":1,"isEnable":1,"endTime":{"year":2025,"month":6,"day":18,"sec":1}})",
       {2025, 6, 18, 0, 0, 2},
       false},
      // 2025-06-18 is a Wednesday.
      {R"({"isCfg":1,"isEnable":1,"timeMode":1,"mode1":{"wed":1}})", {2025, 6, 18}, true},
      {R"({"isCfg":1,"isEnable":1,"timeMode":1,"mode1":{"wed":1}})", {2025, 6, 19}, false},
      {R"({"isCfg":1,"isEnable":1,"timeMode":1,"mode1":{"sun":1}})", {2025, 6, 22}, true},
      {R"({"isCfg":1,"isEnable":1,"timeMode":2,"mode1":[1,31]})", {2025, 7, 31}, true},
      {R"({"isCfg":1,"isEnable":1,"timeMode":2,"mode1":[1,31]})", {2025, 7, 30}, false},
      {R"({"isCfg":1,"isEnable":1,"timeMode":2,"mode1":3})", {2025, 7, 3}, false},
      {R"({"isCfg":1,"isEnable":1,"timeMode":3,"mode1":{"year":2025,"month":7,"day":3}})",
       {2025, 7, 3},
       true},
      {R"({"isCfg":1,"isEnable":1,"timeMode":3,"mode1":{"year":2025,"month":7,"day":3}})",
       {2024, 7, 3},
       false},
      {R"({"isCfg":1,"isEnable":1,"timeMode":2})", {2025, 7, 3}, false},
      {R"({"isCfg":1,"isEnable":1,"timeMode":4,"mode1":[1]})", {2025, 7, 3}, true},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.range);
    const TaskRequests requests = tasks_of("[" + task(kOn, row.range) + "]").requests_at(row.now);
    EXPECT_FALSE(requests.charge[0].active);
    EXPECT_EQ(requests.charge[1].active, row.active);
    if (!row.active) continue;
    EXPECT_EQ(requests.charge[1].low_soc, 20);
    EXPECT_EQ(requests.charge[1].high_soc, 80);
    EXPECT_EQ(requests.charge[1].power_w, 700);
  }
}

TEST(PanelTasks, AreThoseThatAreConfiguredAndEnabled) {
  const struct {
    std::string list;
    bool empty;
  } rows[] = {{"null", true},
              {"[]", true},
              {"[{}]", true},
              {"[" + task(R"("isCfg":1,"isEnable":0)", "{}") + "]", true},
              {"[" + task(R"("isCfg":0,"isEnable":1)", "{}") + "]", true},
              {"[" + task(kOn, "{}") + "]", false},
              {"[{}," + task(kOn, "{}") + "]", false}};
  for (const auto& row : rows) EXPECT_EQ(tasks_of(row.list).empty(), row.empty) << row.list;
  EXPECT_TRUE(Tasks().empty());
}

TEST(PanelTasks, RequestDischargingOfTheirCircuitsAndTheLastOnePrevails) {
  constexpr std::string_view kDischarge =
      R"([{"cfg":{"param":{"chSta":[0,0,1,0,0,0,0,0,0,1,1]},)"
      R"("comCfg":{"isCfg":1,"isEnable":1,"type":2,"timeScale":[1]}}},)"
      R"({"cfg":{"param":{"chSta":[1],"chChargeWatt":500},)"
      R"("comCfg":{"isCfg":1,"isEnable":1,"type":1,"timeScale":[1]}}},)"
      R"({"cfg":{"param":{"chSta":[1],"chChargeWatt":900},)"
      R"("comCfg":{"isCfg":1,"isEnable":1,"type":1,"timeScale":[1]}}}])";
  const TaskRequests requests = tasks_of(kDischarge).requests_at({2025, 6, 18, 0, 9, 59});
  for (std::size_t i = 0; i < kLoads; ++i) EXPECT_EQ(requests.discharge.at(i), i == 2 || i == 9);
  EXPECT_EQ(requests.charge[0].power_w, 900);
  EXPECT_FALSE(requests.charge[1].active);
}

}  // namespace
}  // namespace gridloom::sim::panel
