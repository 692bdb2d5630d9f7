#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "sim/models/test_power_kits_invariants.h"
#include "sim/test_bench.h"

namespace gridloom::sim {
namespace {

using wire::Json;

constexpr Millis kHour{kHour_ms};

// Resolves "group.field" to the field of the group's first module.
std::string full_name(const Fields& fields, std::string_view name) {
  const std::size_t dot = name.find('.');
  const auto& modules = fields.modules(name.substr(0, dot));
  if (modules.empty()) return std::string(name);
  return std::string(name.substr(0, dot + 1)) + modules.front() + std::string(name.substr(dot));
}

struct PowerKits : testing::Test {
  Bench bench{family_of("power_kits")};

  [[nodiscard]] std::int64_t get(std::string_view name) const {
    return static_cast<std::int64_t>(bench.number(full_name(bench.fields(), name)));
  }
  wire::JsonObject set(std::string_view type, std::string_view params) {
    return bench.set(R"({"id":1,"moduleType":0,"operateType":")" + std::string(type) +
                     R"(","params":)" + std::string(params) + "}");
  }
  struct Site {
    double sun = 0;
    double household_w = 350;
    double air_c = 20;
    bool grid_up = false;
    bool heater_ok = true;
  };
  void place(const Site& site) {
    bench.site = [site](Environment& environment) {
      environment.sun = site.sun;
      environment.household_w = site.household_w;
      environment.set_air(site.air_c);
      environment.grid_up = site.grid_up;
      environment.heater_ok = site.heater_ok;
      environment.local_ms = 0;  // the vehicle stays parked
    };
  }
};

TEST_F(PowerKits, StopsDischargingAtItsLowerLimit) {
  place({.household_w = 3000});
  set("oilStartDownLimit", R"({"soc":0})");
  set("socLowerLimit", R"({"minDsgSoc":50})");
  bench.run(3 * kHour);
  EXPECT_NEAR(static_cast<double>(get("bmsTotal.totalSoc")), 50, 1);
  EXPECT_EQ(get("ichigh.outWatts"), 0);
  EXPECT_EQ(get("bbcout.ldOutWatts"), 0);
  EXPECT_EQ(get("ichigh.appCfg.powerOn"), 1) << "the switch stays as it was set";
}

// What its converters lose is from the device file: 8 W of the hub, 20 W of the inverter and 6 % of
// its output, 5 % of what the DC output takes.
TEST_F(PowerKits, GivesItsLoadsOfBothKindsAndLosesTheRest) {
  constexpr double kHub_w = 8;
  constexpr double kInverter_w = 20;
  constexpr double kInverterLoss = 0.06;
  constexpr double kEfficiency = 0.95;
  for (const Site& site : {Site{.household_w = 200}, Site{.household_w = 1000},
                           Site{.household_w = 4000}, Site{.sun = 0.3, .household_w = 1000}}) {
    SCOPED_TRACE(fmt::format("{} W, sun {}", site.household_w, site.sun));
    place(site);
    bench.run(Millis{kMinute_ms});
    const auto ac_w = static_cast<double>(get("ichigh.outWatts"));
    const auto dc_w = static_cast<double>(get("bbcout.ldOutWatts"));
    EXPECT_GT(ac_w, 0);
    EXPECT_GT(dc_w, 0);
    const std::int64_t charged_w = get("bmsTotal.totalInWatts") + get("bmsTotal.totalOutWatts");
    const auto given_w =
        static_cast<double>(get("kitscc.batWatts") + get("bbcin.batWatts") - charged_w);
    const double lost_w =
        kHub_w + kInverter_w + kInverterLoss * ac_w + (1 / kEfficiency - 1) * dc_w;
    EXPECT_NEAR(given_w, ac_w + dc_w + lost_w, 2 * kHalf + kTrace);
  }
}

TEST_F(PowerKits, StopsChargingAtItsUpperLimit) {
  place({.sun = 1, .household_w = 100});
  set("socUpperLimit", R"({"maxChgSoc":80})");
  bench.run(3 * kHour);
  EXPECT_NEAR(static_cast<double>(get("bmsTotal.totalSoc")), 80, 1);
  EXPECT_LT(get("bmsTotal.totalInWatts"), 100);
}

TEST_F(PowerKits, GetsNothingOfPanelsThatHaveNoVoltsYet) {
  for (const double sun : {0.002, 0.009, 0.01, 0.011, 0.05}) {
    place({.sun = sun});
    bench.step(Millis{2000});
    EXPECT_EQ(get("kitscc.pv1InVol") > 0, get("kitscc.pv1InWatts") > 0) << sun;
    EXPECT_EQ(get("kitscc.pv2InVol") > 0, get("kitscc.pv2InWatts") > 0) << sun;
    EXPECT_EQ(get("kitscc.pv1InWatts") > 0, sun > 0.01);
  }
}

TEST_F(PowerKits, StartsTheGeneratorOnCommand) {
  place({.household_w = 3000});
  set("oilStartDownLimit", R"({"soc":71})");
  set("oilStopUpLimit", R"({"soc":75})");
  bench.run(Millis{20 * kMinute_ms});
  EXPECT_GT(get("bmsTotal.totalInWatts"), 0);
  set("powerOffGen", R"({"bitsSwSta":0})");
  bench.step(Millis{2000});
  EXPECT_LT(get("bmsTotal.totalOutWatts"), 0);
  set("powerOffGen", R"({"bitsSwSta":1})");
  bench.step(Millis{2000});
  EXPECT_GT(get("bmsTotal.totalInWatts"), 0);
}

TEST_F(PowerKits, PartsThePacksFromTheBusUntilTheNextCommand) {
  place({});
  set("powerOff", R"({"enable":1})");
  bench.step(Millis{2000});
  EXPECT_EQ(get("bp2000.chgDsgMosState"), 0);
  EXPECT_EQ(get("bp2000.proChgDsgMosState"), 0);
  EXPECT_EQ(get("bmsTotal.totalOutWatts"), 0);
  EXPECT_EQ(get("ichigh.outWatts"), 0);
  set("readProName", R"({"enable":1})");
  bench.step(Millis{2000});
  EXPECT_EQ(get("bp2000.chgDsgMosState"), 3);
  EXPECT_LT(get("bmsTotal.totalOutWatts"), 0);
}

TEST_F(PowerKits, PartsThePacksFromTheBusUntilSomethingCharges) {
  place({});
  bench.step(Millis{2000});
  set("powerOff", R"({"enable":1})");
  place({.sun = 0.5});
  bench.step(Millis{2000});
  EXPECT_EQ(get("bp2000.chgDsgMosState"), 3);
  EXPECT_GT(get("kitscc.batWatts"), 0);
}

TEST_F(PowerKits, TakesTheGridFirstWhereThatIsAskedFor) {
  place({.household_w = 1000, .grid_up = true});
  bench.step(Millis{2000});
  EXPECT_EQ(get("ichigh.inWatts"), 0);
  set("dsgIcParaSet", R"({"passByModeEn":1})");
  bench.step(Millis{2000});
  EXPECT_EQ(get("ichigh.inWatts"), get("ichigh.outWatts"));
  set("dischgIcParaSet", R"({"acChgDisa":0})");
  bench.step(Millis{2000});
  EXPECT_GT(get("ichigh.inWatts"), get("ichigh.outWatts") + 1000);
  EXPECT_GT(get("bmsTotal.totalInWatts"), 1000);
}

TEST_F(PowerKits, SwitchesBothOutputsOffWhenNeitherHasHadALoadForAWhile) {
  place({.household_w = 0});
  set("acDcLsplCfg", R"({"acDcLsplOvertime":20})");
  bench.run(Millis{19 * kMinute_ms});
  EXPECT_EQ(get("ichigh.appCfg.powerOn"), 1);
  bench.run(Millis{2 * kMinute_ms});
  EXPECT_EQ(get("ichigh.appCfg.powerOn"), 0);
  EXPECT_EQ(get("bbcout.dcOutSta"), 0);
  set("dischgIcParaSet", R"({"powerOn":1})");
  bench.step(Millis{2000});
  EXPECT_EQ(get("ichigh.appCfg.powerOn"), 1) << "a command starts the time anew";
}

TEST_F(PowerKits, SuppliesAParkedVehicleWhereThatIsAskedFor) {
  place({});
  bench.step(Millis{2000});
  const std::int64_t before_w = get("bmsTotal.totalOutWatts");
  set("chgDsgParaSet", R"({"workMode":2})");
  bench.step(Millis{2000});
  EXPECT_EQ(get("bbcin.batWatts"), -100);
  EXPECT_EQ(get("bbcin.chargeMode"), 1);
  EXPECT_NEAR(static_cast<double>(get("bmsTotal.totalOutWatts")),
              static_cast<double>(before_w - 100), 3);
  set("chgDsgParaSet", R"({"workMode":1})");
  bench.step(Millis{2000});
  EXPECT_EQ(get("bbcin.batWatts"), 0);
}

// What the input gives is all that its energies count, and it is live and reversed meanwhile.
TEST_F(PowerKits, ItsVehicleInputCountsAndShowsWhatItGives) {
  place({});
  bench.step(Millis{2000});
  const std::int64_t before_wh = get("bbcin.dsgEnergy");
  set("chgDsgParaSet", R"({"workMode":2})");
  bench.run(kHour);
  EXPECT_NEAR(static_cast<double>(get("bbcin.dsgEnergy") - before_wh), 100, 2);
  EXPECT_NEAR(static_cast<double>(get("bbcin.dayEnergy")), 100, 2);
  EXPECT_EQ(get("bbcin.workMode2"), 1);
  EXPECT_EQ(get("bbcin.dcInState"), 1);
  EXPECT_GT(get("bbcin.dcInVol"), 40'000);
  EXPECT_EQ(get("bbcin.allowDsgOn"), 1);
  set("chgDsgParaSet", R"({"workMode":0})");
  bench.step(Millis{2000});
  EXPECT_EQ(get("bbcin.workMode"), 1) << "0 is what charging is called in an example";
  EXPECT_EQ(get("bbcin.workMode2"), 0);
  EXPECT_EQ(get("bbcin.dcInState"), 0);
  EXPECT_NEAR(static_cast<double>(get("bbcin.dsgEnergy") - before_wh), 100, 2);
  bench.site = [](Environment& environment) { environment.local_ms = 8 * kHour_ms + kHour_ms / 2; };
  bench.run(Millis{12 * kMinute_ms});
  EXPECT_GT(get("bbcin.dcInWatts"), 1000) << "the alternator charges";
  EXPECT_NEAR(static_cast<double>(get("bbcin.dsgEnergy") - before_wh), 100, 2);
}

TEST_F(PowerKits, TakesNoMoreFromShoreThanIsAskedFor) {
  for (const int most_a : {1, 6, 10}) {
    for (const int grid_first : {1, 2}) {
      SCOPED_TRACE(fmt::format("{} A, passByModeEn {}", most_a, grid_first));
      place({.household_w = 3000, .grid_up = true});
      set("dischgIcParaSet",
          fmt::format(R"({{"acCurrMaxSet":{},"acChgDisa":0,"powerOn":1}})", most_a));
      set("dsgIcParaSet", fmt::format(R"({{"passByModeEn":{}}})", grid_first));
      bench.run(Millis{kMinute_ms});
      EXPECT_LE(get("ichigh.inCurr"), most_a * 1000);
      EXPECT_GT(get("ichigh.outWatts"), 0);
    }
  }
}

// Both limits may be 50: the packs still store the sun and give it.
TEST_F(PowerKits, WorksBetweenLimitsThatMeet) {
  for (const int highest : {50, 51, 52}) {
    SCOPED_TRACE(highest);
    place({.household_w = 3000});
    set("socLowerLimit", R"({"minDsgSoc":50})");
    set("socUpperLimit", fmt::format(R"({{"maxChgSoc":{}}})", highest));
    set("oilStartDownLimit", R"({"soc":0})");
    bench.run(3 * kHour);
    EXPECT_EQ(get("ichigh.outWatts"), 0);
    EXPECT_GE(get("bmsTotal.totalSoc"), 47);
    place({.sun = 1, .household_w = 300});
    bench.run(kHour);
    EXPECT_GT(get("ichigh.outWatts"), 0);
    EXPECT_GT(get("bbcout.ldOutWatts"), 0);
    EXPECT_LE(get("bmsTotal.totalSoc"), highest);
  }
}

TEST_F(PowerKits, ShowsThatAnOutputIsDeadUntilItReturns) {
  place({.household_w = 3000});
  set("oilStartDownLimit", R"({"soc":0})");
  set("socLowerLimit", R"({"minDsgSoc":50})");
  set("chgDsgParaSet", R"({"workMode":2})");
  EXPECT_EQ(get("bbcout.dcOutSta"), 1);
  bench.run(3 * kHour);
  EXPECT_EQ(get("bbcout.dcOutSta"), 0);
  EXPECT_EQ(get("bbcin.allowDsgOn"), 0);
  set("socLowerLimit", R"({"minDsgSoc":20})");
  bench.step(Millis{2000});
  EXPECT_EQ(get("bbcout.dcOutSta"), 1) << "it is on as it was asked for";
  EXPECT_EQ(get("bbcin.allowDsgOn"), 1);
  set("dischgParaSet", R"({"swSta":0})");
  set("powerOff", R"({"enable":1})");
  EXPECT_EQ(get("bp2000.openBmsIdex"), 0);
  set("readProName", R"({"enable":1})");
  bench.step(Millis{2000});
  EXPECT_EQ(get("bp2000.openBmsIdex"), 1);
  EXPECT_EQ(get("bbcout.dcOutSta"), 0);
}

TEST_F(PowerKits, WarnsOfSwitchingOffWhileThePacksCharge) {
  place({.sun = 1, .household_w = 100});
  bench.step(Millis{2000});
  EXPECT_EQ(get("bmsTotal.warningEvent"), 1);
  EXPECT_EQ(get("bp2000.warningEvent"), 1);
  place({.household_w = 1000});
  bench.step(Millis{2000});
  EXPECT_EQ(get("bmsTotal.warningEvent"), 0);
}

TEST_F(PowerKits, AsksToBeHeatedWhenColdPacksMayGiveNothing) {
  place({.household_w = 3000, .air_c = -10});
  set("oilStartDownLimit", R"({"soc":0})");
  bench.run(12 * kHour);
  EXPECT_EQ(get("bmsTotal.remindDsgPtcFlag"), 1);
  place({.sun = 1, .air_c = -10});
  bench.step(Millis{2000});
  EXPECT_EQ(get("bmsTotal.remindDsgPtcFlag"), 0);
}

TEST_F(PowerKits, HeatsColdPacksFromTheirOwnChargeIfItMay) {
  place({.air_c = -10});
  bench.run(12 * kHour);
  EXPECT_EQ(get("bp2000.ptcHeatingFlag"), 0);
  set("socLowerLimit", R"({"minDsgSoc":0})");
  place({.sun = 0.2, .air_c = -10});
  set("ptcDsgCale", R"({"enable":1})");
  bench.run(kHour);
  EXPECT_EQ(get("bp2000.ptcHeatingFlag"), 1);
  EXPECT_GT(get("bp2000.maxPtcTemp"), get("bp2000.maxCellTemp"));
}

TEST_F(PowerKits, TriesAHeaterThatFailedAgainOnceItsErrorIsCleared) {
  place({.air_c = -10});
  bench.run(12 * kHour);
  place({.sun = 0.5, .air_c = -10, .heater_ok = false});
  bench.step(Millis{2000});
  EXPECT_EQ(get("bp2000.ptcMosErr"), 1);
  EXPECT_EQ(get("bp2000.ptcChgErrCnt"), 1);
  EXPECT_EQ(get("bp2000.errCode"), 61002);
  EXPECT_EQ(get("iclow.protectState"), 8 + 2) << "and too cold";
  EXPECT_EQ(get("bp2000.ptcHeatingFlag"), 0);
  place({.sun = 0.5, .air_c = -10});
  bench.run(2 * kHour);
  EXPECT_EQ(get("bp2000.ptcMosErr"), 1) << "the error stays when its cause is gone";
  EXPECT_EQ(get("bp2000.ptcHeatingFlag"), 0);
  EXPECT_EQ(get("bmsTotal.totalInWatts"), 0) << "frozen packs take nothing";
  set("clearError", R"({"enable":0})");
  EXPECT_EQ(get("bp2000.ptcMosErr"), 1);
  set("clearError", R"({"enable":1})");
  EXPECT_EQ(get("bp2000.ptcMosErr"), 0);
  EXPECT_EQ(get("bp2000.ptcChgErrCnt"), 0);
  EXPECT_EQ(get("bp2000.errCode"), 61000);
  EXPECT_EQ(get("iclow.protectState"), 2);
  EXPECT_EQ(get("bp2000.ptcHeatingFlag"), 1);
  bench.run(2 * kHour);
  EXPECT_GT(get("bmsTotal.totalInWatts"), 0) << "warm packs do";
  place({.sun = 0.5, .air_c = -10, .heater_ok = false});
  bench.run(12 * kHour);
  set("clearError", R"({"enable":1})");
  EXPECT_EQ(get("bp2000.ptcMosErr"), 1) << "it fails again at once";
}

TEST_F(PowerKits, NeedsLessForItsInverterInLowPower) {
  place({.household_w = 100});
  bench.step(Millis{2000});
  const std::int64_t before_w = get("bmsTotal.totalOutWatts");
  EXPECT_EQ(get("iclow.lsplFlag"), 0);
  set("dsgIcParaSet", R"({"dsgLowPwrEn":1,"passByModeEn":2})");
  EXPECT_EQ(get("bmsTotal.totalOutWatts"), before_w + 12);
  EXPECT_EQ(get("iclow.lsplFlag"), 1);
  set("dsgIcParaSet", R"({"dsgLowPwrEn":255})");
  EXPECT_EQ(get("iclow.lsplFlag"), 1) << "255 leaves it";
  place({.household_w = 1000});
  bench.step(Millis{2000});
  EXPECT_EQ(get("iclow.lsplFlag"), 0) << "it has more to do";
  place({.household_w = 100});
  set("dsgIcParaSet", R"({"dsgLowPwrEn":2})");
  EXPECT_EQ(get("iclow.lsplFlag"), 0);
}

TEST_F(PowerKits, RemembersItsName) {
  set("writeProName", R"({"name":"Camper"})");
  EXPECT_EQ(set("readProName", R"({"enable":1})").at("data"),
            Json(wire::JsonObject{{"nameLen", 6}, {"name", "Camper"}}));
}

TEST_F(PowerKits, ReportsEverythingWhenAskedTo) {
  bench.connect();
  const std::size_t everything = bench.said.size();
  bench.said.clear();
  set("fullIotDataPush", R"({"times":1})");
  EXPECT_EQ(bench.said.size(), everything + 1);
}

TEST_F(PowerKits, SwitchesOneRelayWithEachSet) {
  place({.household_w = 700});
  const auto relays_after = [&](int value) {
    set("chSwitch", fmt::format(R"({{"bitsSwSta":{}}})", value));
    return get("lddc.dcChRelay");
  };
  for (int channel = 1; channel <= 6; ++channel) {
    static_cast<void>(relays_after(128 + channel - 1));
  }
  EXPECT_EQ(get("lddc.dcChRelay"), 0b111111);
  EXPECT_EQ(relays_after(0), 0b111110);
  EXPECT_EQ(relays_after(5), 0b011110);
  EXPECT_EQ(relays_after(5), 0b011110);
  EXPECT_EQ(relays_after(3), 0b010110);
  bench.step(Millis{2000});
  const Json watts = bench.fields().get(full_name(bench.fields(), "lddc.dcChWatt"));
  EXPECT_EQ(watts.at(0), Json(0));
  EXPECT_NE(watts.at(1), Json(0));
  EXPECT_EQ(get("lddc.dcChSta"), 0xfd6);
  EXPECT_EQ(relays_after(128), 0b010111);
}

}  // namespace
}  // namespace gridloom::sim
