#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "sim/models/panel_json.h"
#include "sim/models/test_smart_home_panel_invariants.h"
#include "sim/test_bench.h"

namespace gridloom::sim {
namespace {

using panel::at;
using panel::integer;
using wire::Json;

constexpr Millis kHour{kHour_ms};
constexpr std::size_t kCircuits = 10;
constexpr std::string_view kLoads = "heartbeat.loadCmdChCtrlInfos";

struct SmartHomePanel : testing::Test {
  Bench bench{family_of("smart_home_panel")};

  wire::JsonObject set(std::string_view params) {
    return bench.set(R"({"id":1,"operateType":"TCP","params":)" + std::string(params) + "}");
  }
  void fail_grid() {
    bench.site = [](Environment& environment) { environment.grid_up = false; };
  }
  [[nodiscard]] std::int64_t source(std::size_t circuit) const {
    return integer(at(bench.fields().get(kLoads), circuit), "ctrlSta");
  }
  [[nodiscard]] std::int64_t pack(std::size_t k, std::string_view name) const {
    return integer(at(bench.fields().get("heartbeat.energyInfos"), k), name);
  }
  [[nodiscard]] double watts(std::size_t channel) const {
    return panel::number(at(at(bench.fields().get("channelPower.infoList"), channel), "chWatt"));
  }
};

TEST_F(SmartHomePanel, SuppliesACircuitFromTheSelectedSource) {
  set(R"({"cmdSet":11,"id":16,"ch":2,"ctrlMode":1,"sta":1})");
  bench.step(Millis{2000});
  EXPECT_EQ(source(2), 1);
  EXPECT_GT(watts(2), 0);
  set(R"({"cmdSet":11,"id":16,"ch":2,"ctrlMode":1,"sta":2})");
  EXPECT_EQ(watts(2), 0);
  set(R"({"cmdSet":11,"id":16,"ch":2,"ctrlMode":0,"sta":2})");
  EXPECT_EQ(source(2), 0) << "by itself the panel takes the grid";
}

TEST_F(SmartHomePanel, FillsAndStopsAPackByHand) {
  set(R"({"cmdSet":11,"id":17,"ch":11,"ctrlMode":1,"sta":0})");
  EXPECT_GT(pack(1, "lcdInputWatts"), 1000);
  EXPECT_EQ(pack(1, "emsChgFlag"), 1);
  set(R"({"cmdSet":11,"id":17,"ch":11,"ctrlMode":1,"sta":2})");
  EXPECT_EQ(pack(1, "lcdInputWatts"), 0);
  EXPECT_EQ(
      integer(at(at(bench.fields().get("heartbeat.energyInfos"), 1), "stateBean"), "isEnable"), 0);
}

TEST_F(SmartHomePanel, TakesOverInAnOutageAtOnceOrAfterAWhile) {
  fail_grid();
  bench.step(Millis{2000});
  EXPECT_EQ(source(1), 1) << "EPS mode keeps the inverters running";
  set(R"({"cmdSet":11,"id":24,"eps":0})");
  Bench slow(family_of("smart_home_panel"));
  slow.set(R"({"id":1,"params":{"cmdSet":11,"id":24,"eps":0}})");
  slow.site = [](Environment& environment) { environment.grid_up = false; };
  slow.step(Millis{2000});
  EXPECT_EQ(integer(at(slow.fields().get(kLoads), 1), "ctrlSta"), 2);
  slow.run(Millis{20'000}, Millis{2000});
  EXPECT_EQ(integer(at(slow.fields().get(kLoads), 1), "ctrlSta"), 1);
}

TEST_F(SmartHomePanel, ShedsTheLeastImportantCircuitsFirst) {
  bench.site = [](Environment& environment) {
    environment.grid_up = false;
    environment.household_w = 12'000;  // the packs supply 7200 W together
  };
  bench.step(Millis{2000});
  EXPECT_EQ(source(0), 1);
  EXPECT_EQ(source(9), 1) << "set by hand, it shows what was set";
  EXPECT_EQ(watts(9), 0);
  set(R"({"cmdSet":11,"id":64,"isCfg":1,"overloadMode":0})");
  for (std::size_t i = 0; i < kCircuits; ++i) EXPECT_EQ(watts(i), 0) << "circuit " << i;
}

TEST_F(SmartHomePanel, DrawsNoMoreFromAPackThanItsChannelLetsThrough) {
  bench.site = [](Environment& environment) { environment.household_w = 4000; };
  for (int i = 0; i < 10; ++i) {
    set(R"({"cmdSet":11,"id":16,"ch":)" + std::to_string(i) + R"(,"ctrlMode":1,"sta":1})");
  }
  const double all_w = watts(10) + watts(11);
  EXPECT_NEAR(watts(10), watts(11), 0.011);
  set(R"({"cmdSet":11,"id":20,"chNum":10,"cur":6})");
  EXPECT_NEAR(watts(10), 6 * 230, 0.011);
  EXPECT_NEAR(watts(10) + watts(11), all_w, 1) << "the other pack gives the rest";
  set(R"({"cmdSet":11,"id":20,"chNum":11,"cur":6})");
  EXPECT_LE(watts(11), 6 * 230 + 0.011);
  EXPECT_GT(watts(0), 0);
  const Json channels = bench.fields().get("channelPower.infoList");
  EXPECT_EQ(integer(at(channels, 0), "powType"), 1);
  EXPECT_EQ(integer(at(channels, 9), "powType"), 0) << "the least important is the grid's";
}

TEST_F(SmartHomePanel, RunsThePacksDownToTheFloorAndFillsThemUpAgain) {
  set(R"({"cmdSet":11,"id":29,"forceChargeHigh":70,"discLower":50})");
  bench.site = [](Environment& environment) { environment.household_w = 3000; };
  for (int i = 0; i < 10; ++i) {
    set(R"({"cmdSet":11,"id":16,"ch":)" + std::to_string(i) + R"(,"ctrlMode":1,"sta":1})");
  }
  std::int64_t lowest = 100;
  std::int64_t highest = 0;
  for (int minute = 0; minute < 1440; ++minute) {
    bench.step(Millis{kMinute_ms});
    lowest = std::min({lowest, pack(0, "batteryPercentage"), pack(1, "batteryPercentage")});
    if (minute > 600) highest = std::max(highest, pack(0, "batteryPercentage"));
  }
  EXPECT_GE(lowest, 48);  // a minute may go past the limit
  EXPECT_LE(highest, 71);
  EXPECT_GT(highest, 60);
}

TEST_F(SmartHomePanel, ChargesByItsScheduleUntilTheTaskIsRemoved) {
  // All day, both packs, 2000 W, between 80 and 90 %.
  const std::string_view task =
      R"({"cmdSet":11,"id":81,"cfgIndex":3,"cfg":{"param":{"lowBattery":80,"hightBattery":90,)"
      R"("chChargeWatt":2000,"chSta":[1,1]},"comCfg":{"isCfg":1,"isEnable":1,"timeScale":)"
      R"([255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255]}}})";
  EXPECT_EQ(at(set(task), "params").at("cfgIndex"), Json(3));
  EXPECT_EQ(pack(0, "lcdInputWatts"), 2000);
  EXPECT_EQ(pack(1, "lcdInputWatts"), 2000);
  const Json tasks = bench.fields().get("timeTask");
  const Json& kept = at(tasks, 0);
  EXPECT_EQ(integer(kept, "index"), 3);
  EXPECT_EQ(at(at(at(kept, "cfg"), "param"), "chSta").get_array().size(), 10U);
  bench.run(3 * kHour);
  EXPECT_NEAR(static_cast<double>(pack(0, "batteryPercentage")), 88, 3) << "in use since";
  EXPECT_EQ(pack(0, "lcdInputWatts"), 0);
  set(R"({"cmdSet":11,"id":81,"cfgIndex":3,"cfg":{"comCfg":{"isCfg":0}}})");
  EXPECT_EQ(bench.fields().get("timeTask"), initial_of(bench.fields(), "timeTask"));
}

TEST_F(SmartHomePanel, EndsChargingWithTheSlotOrTheHandThatBeganIt) {
  // From midnight to ten past, both packs, up to 90 %.
  set(R"({"cmdSet":11,"id":81,"cfgIndex":3,"cfg":{"param":{"lowBattery":80,"hightBattery":90,)"
      R"("chChargeWatt":2000,"chSta":[1,1]},"comCfg":{"isCfg":1,"isEnable":1,"timeScale":)"
      R"([1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}}})");
  bench.run(Millis{9 * kMinute_ms});
  EXPECT_EQ(pack(0, "lcdInputWatts"), 2000);
  bench.run(Millis{kMinute_ms});
  EXPECT_EQ(pack(0, "lcdInputWatts"), 0);
  set(R"({"cmdSet":11,"id":17,"ch":10,"ctrlMode":1,"sta":0})");
  EXPECT_GT(pack(0, "lcdInputWatts"), 1000);
  set(R"({"cmdSet":11,"id":17,"ch":10,"ctrlMode":0,"sta":0})");
  EXPECT_EQ(pack(0, "lcdInputWatts"), 0);
}

TEST_F(SmartHomePanel, SuppliesByItsScheduleOnTheChosenDaysOnly) {
  // 10 April 2025 is a Thursday.
  const auto task = [](std::string_view days) {
    return R"({"cmdSet":11,"id":82,"cfgIndex":1,"cfg":{"chSta":[0,1],"comCfg":{"isCfg":1,)"
           R"("isEnable":1,"timeScale":[255,255,255,255,255,255,255,255,255,255,255,255,255,255,)"
           R"(255,255,255,255],"timeRange":{"isCfg":1,"isEnable":1,)" +
           std::string(days) + "}}}}";
  };
  set(task(R"("timeMode":1,"mode1":{"mon":1})"));
  EXPECT_EQ(source(1), 0);
  set(task(R"("timeMode":1,"mode1":{"thur":1})"));
  EXPECT_EQ(source(1), 1);
  EXPECT_EQ(source(0), 0);
  set(task(R"("timeMode":2,"mode1":[9,11])"));
  EXPECT_EQ(source(1), 0);
  set(task(R"("timeMode":2,"mode1":[10])"));
  EXPECT_EQ(source(1), 1);
  set(task(R"("timeMode":3,"mode1":{"year":2025,"month":4,"day":11})"));
  EXPECT_EQ(source(1), 0);
  set(task(R"("timeMode":3,"mode1":{"year":2025,"month":4,"day":10})"));
  EXPECT_EQ(source(1), 1);
  set(task(R"("timeMode":0,"startTime":{"year":2025,"month":4,"day":11})"));
  EXPECT_EQ(source(1), 0) << "it begins tomorrow";
}

TEST_F(SmartHomePanel, KeepsItsOwnClockAndStartsItsCountersWithItsDay) {
  bench.run(3 * kHour);
  EXPECT_GT(bench.number("heartbeat.gridDayWatth"), 0);
  const auto reply = set(R"({"cmdSet":11,"id":3,"year":2026,"month":2,"day":30})");
  EXPECT_EQ(reply.at("params").at("ack"), Json(1)) << "there is no such day";
  set(R"({"cmdSet":11,"id":3,"year":2026,"month":2,"day":28,"hour":23,"min":59,"sec":30})");
  EXPECT_EQ(bench.number("heartbeat.time.week"), 6);
  EXPECT_LT(bench.number("heartbeat.gridDayWatth"), 1);
  bench.step(Millis{kMinute_ms});
  EXPECT_EQ(bench.number("heartbeat.time.month"), 3);
  EXPECT_EQ(bench.number("heartbeat.time.day"), 1);
  EXPECT_EQ(bench.fields().get("mainsLoadWatt.rtc"), Json("2026-3-1"));
}

TEST_F(SmartHomePanel, ForgetsSettingsButNotMeasurementsInAReset) {
  set(R"({"cmdSet":11,"id":29,"forceChargeHigh":55,"discLower":33})");
  set(R"({"cmdSet":11,"id":20,"chNum":2,"cur":6})");
  bench.run(kHour);
  const double work_ms = bench.number("heartbeat.workTime");
  const double used_wh = bench.number("heartbeat.gridDayWatth");
  set(R"({"cmdSet":1,"id":20})");
  for (const std::string_view name :
       {"backupChaDiscCfg.forceChargeHigh", "backupChaDiscCfg.discLower", "loadChCurInfo.cur"}) {
    EXPECT_EQ(bench.fields().get(name), initial_of(bench.fields(), name)) << name;
  }
  EXPECT_GE(bench.number("heartbeat.workTime"), work_ms);
  EXPECT_GE(bench.number("heartbeat.gridDayWatth"), used_wh);
}

}  // namespace
}  // namespace gridloom::sim
