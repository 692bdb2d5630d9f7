#include "sim/physics_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/read_file.h"
#include "sim/dry_run.h"
#include "sim/test_bench.h"
#include "testing/source_path.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr TimePoint kMidsummer{std::chrono::sys_days{std::chrono::June / 22 / 2025}};
constexpr Millis kMinute{kMinute_ms};

void expect_exact(const Balance& begun, const Balance& now) {
  EXPECT_EQ(now.in_uj - begun.in_uj, now.out_uj - begun.out_uj + now.lost_uj - begun.lost_uj +
                                         now.stored_uj - begun.stored_uj);
}

// ---- the family of the user's guide

TEST(SolarStation, IsTheExampleOfTheGuide) {
  const auto read = [](const std::string& path) {
    return read_text(source_path(path), 1'000'000).value();
  };
  EXPECT_THAT(read("docs/user/device-families.md"),
              HasSubstr("```yaml\n" + read("tests/families/solar_station.yaml") + "```\n"));
}

TEST(SolarStation, LivesADayOfTheSite) {
  Bench bench(family_of("solar_station"), {.start = kMidsummer});
  bench.connect();
  const Balance begun = bench.device().balance();
  EXPECT_EQ(bench.number("bat.soc"), 60) << "the field's initial value";
  double soc_at_six = 0;
  double soc_at_ten = 0;
  for (int minute = 1; minute < 24 * 60 && !HasFailure(); ++minute) {
    bench.step(kMinute);
    const double battery_w = bench.number("bat.watts");
    const bool night = minute < 3 * 60 || minute >= 22 * 60;
    if (night) {
      EXPECT_LT(battery_w, 0) << minute;
      EXPECT_EQ(bench.number("bat.state"), 2) << minute;
      EXPECT_LT(bench.number("bat.left"), 6000) << minute;
      EXPECT_EQ(bench.number("pv.watts"), 0) << minute;
    } else if (minute >= 8 * 60 && minute < 9 * 60) {
      EXPECT_GT(battery_w, 0) << minute;
      EXPECT_EQ(bench.number("bat.state"), 1) << minute;
      EXPECT_EQ(bench.number("bat.left"), 65535) << minute;
      EXPECT_GT(bench.number("pv.volts"), 36) << minute;
    }
    EXPECT_GE(bench.number("out.watts"), 60) << minute;
    if (minute == 6 * 60) soc_at_six = bench.number("bat.soc");
    if (minute == 10 * 60) soc_at_ten = bench.number("bat.soc");
    expect_exact(begun, bench.device().balance());
  }
  EXPECT_LT(soc_at_six, 55) << "the night took it";
  EXPECT_GT(soc_at_ten, soc_at_six + 30) << "the morning brought it back";

  const Balance& balance = bench.device().balance();
  constexpr double kUjPerWh = 3.6e9;
  EXPECT_NEAR(bench.number("pv.energy"), static_cast<double>(balance.in_uj) / kUjPerWh, 1);
  EXPECT_NEAR(bench.number("out.energy"), static_cast<double>(balance.out_uj) / kUjPerWh, 1);
  EXPECT_GT(bench.number("bat.in"), 500);
  EXPECT_GT(bench.number("bat.out"), 500);
  EXPECT_GT(balance.lost_uj, begun.lost_uj);
}

TEST(SolarStation, LivesADayWithoutAServer) {
  const DryRunSummary day = run({.groups = {{.family = family_of("solar_station"), .devices = 3}},
                                 .world = {.seed = 7},
                                 .from = kMidsummer,
                                 .span = 24h,
                                 .step = 30s,
                                 .threads = 2});
  EXPECT_EQ(day.devices, 3U);
  EXPECT_GT(day.reports, day.steps);
  EXPECT_GT(day.balance.in_uj, 0);
  EXPECT_GT(day.balance.out_uj, 0);
  EXPECT_EQ(day.balance.in_uj, day.balance.out_uj + day.balance.lost_uj + day.balance.stored_uj);
}

TEST(SolarStation, ObeysItsSettings) {
  Bench bench(family_of("solar_station"), {.start = kMidsummer});
  bench.site = [](Environment& environment) { environment.sun = 1; };
  bench.set(R"({"id":1,"operateType":"setLimits","params":{"max":80,"min":30}})");
  bench.run(4h);
  EXPECT_NEAR(bench.number("bat.soc"), 80, 1);
  bench.site = [](Environment& environment) { environment.sun = 0; };
  bench.set(R"({"id":1,"operateType":"setOutput","params":{"on":0}})");
  EXPECT_EQ(bench.number("out.watts"), 0) << "at once";
  EXPECT_NEAR(bench.number("bat.watts"), -6, 1) << "what the device itself needs";
  bench.set(R"({"id":1,"operateType":"setOutput","params":{"on":1}})");
  EXPECT_GE(bench.number("out.watts"), 60);
  bench.run(24h);
  EXPECT_NEAR(bench.number("bat.soc"), 30, 1);
  EXPECT_EQ(bench.number("out.watts"), 0) << "there is no grid";
  EXPECT_EQ(bench.number("bat.state"), 0);
}

// ---- other parts, with round numbers

constexpr std::string_view kHead = R"yaml(
family: home
product: Home
description: A home with all parts
prefixes: [HO]
select: [operateType]
reports:
  all: {fields: [bat., second., pv., inv., chg., grid., load., dc., cell., port., cfg., pack.]}
fields:
  bat.soc: {type: float, unit: "%", description: x, initial: 50}
  bat.w: {type: int, unit: W, nature: battery.power, invert: true, description: x}
  bat.charge: {type: int, unit: W, description: x}
  bat.discharge: {type: int, unit: W, description: x}
  bat.v: {type: float, unit: V, description: x}
  bat.a: {type: float, unit: A, description: x}
  bat.c: {type: float, unit: °C, description: x}
  bat.full: {type: int, unit: min, range: [0, 600], description: x}
  second.soc: {type: float, unit: "%", description: x}
  pv.w: {type: int, unit: W, scale: 0.1, description: x}
  inv.w: {type: int, unit: W, description: x}
  chg.w: {type: int, unit: W, description: x}
  grid.w: {type: int, unit: W, description: x}
  grid.in: {type: int, unit: Wh, description: x, initial: 5000}
  grid.out: {type: int, unit: Wh, description: x}
  grid.v: {type: float, unit: V, description: x}
  grid.up: {type: bool, description: x}
  load.w: {type: int, unit: W, description: x}
  load.wh: {type: int, unit: Wh, description: x}
  dc.w: {type: int, unit: W, description: x}
  pack.*.w: {type: int, unit: W, description: x}
  cell.v: {type: array, unit: V, scale: 0.001, description: x, initial: [0, 0, 0, 0, 0]}
  cell.least: {type: int, unit: V, scale: 0.001, description: x}
  cell.most: {type: int, unit: V, scale: 0.001, description: x}
  cell.c: {type: array, unit: °C, description: x, initial: [0, 0, 0]}
  cell.coldest: {type: int, unit: °C, description: x}
  cell.hottest: {type: int, unit: °C, description: x}
  port.w: {type: float, unit: W, description: x}
  cfg.charger: {type: bool, description: x, initial: true}
  cfg.chargerW: {type: int, unit: W, description: x, initial: 600}
commands:
  clear:
    description: Sets the meter of the grid
    select: {operateType: clear}
    params: {energy: {type: int, range: [0, 9000], sets: grid.in}}
  charge:
    description: Sets the charger
    select: {operateType: charge}
    params:
      watts: {type: int, range: [0, 2000], sets: cfg.chargerW}
virtual:
  modules: {pack: [P-1, P-2]}
physics:
  grid:
    export_w: 500
    feeds: {power: grid.w, energy_in: grid.in, energy_out: grid.out, voltage: grid.v, connected: grid.up}
  pv_inputs:
    roof: {rated_w: 1000, feeds: {power: [pv.w, pack.*.w]}}
  inverter: {rated_w: 800, feeds: {power: inv.w}}
  loads:
    home: {power_w: 200, feeds: {power: load.w, energy: load.wh}}
    fridge: {power_w: 50, dc: true, feeds: {power: dc.w}}
)yaml";

constexpr std::string_view kOneBattery = R"yaml(
  batteries:
    first:
      capacity_wh: 5120
      charge_w: 1000
      discharge_w: 1000
      resistance_ohm: 0.001
      feeds: {soc: bat.soc, power: bat.w, charge_power: bat.charge, discharge_power: bat.discharge,
              voltage: bat.v, current: bat.a, temperature: bat.c, time_to_full: bat.full}
)yaml";

constexpr std::string_view kCharger = R"yaml(
  charger: {rated_w: 900, switch: cfg.charger, limits: {power: cfg.chargerW}, feeds: {power: chg.w}}
)yaml";

struct Home : testing::Test {
  static Bench bench(const std::string& physics) {
    return Bench(catalog::load_family("home.yaml", std::string(kHead) + physics).value());
  }
  struct Site {
    double sun = 0;
    bool grid_up = true;
    bool battery_ok = true;
  };
  static void place(Bench& bench, const Site& site) {
    bench.site = [site](Environment& environment) {
      environment.sun = site.sun;
      environment.grid_up = site.grid_up;
      environment.battery_ok = site.battery_ok;
    };
    bench.step(kMinute);
  }
};

TEST_F(Home, UsesTheSunFirstThenTheBatteryThenTheGrid) {
  Bench home = bench(std::string(kOneBattery));
  place(home, {.sun = 0});
  EXPECT_NEAR(home.number("bat.w"), 250, 1) << "discharging, which this field has as positive";
  EXPECT_NEAR(home.number("bat.discharge"), 250, 1);
  EXPECT_EQ(home.number("bat.charge"), 0);
  EXPECT_EQ(home.number("bat.full"), 600) << "the end of its range";
  EXPECT_NEAR(home.number("bat.v") * home.number("bat.a"), -250, 2);
  EXPECT_EQ(home.number("grid.w"), 0);
  EXPECT_NEAR(home.number("inv.w"), 200, 1);
  EXPECT_NEAR(home.number("dc.w"), 50, 1);

  place(home, {.sun = 0.4});
  EXPECT_NEAR(home.number("bat.w"), -150, 1);
  EXPECT_NEAR(home.number("pv.w"), 4000, 10) << "tenths of a watt";
  EXPECT_NEAR(home.number("pack.P-2.w"), 400, 1) << "each module's field";
  EXPECT_NEAR(home.number("load.w"), 200, 1);

  place(home, {.sun = 0, .battery_ok = false});
  EXPECT_EQ(home.number("bat.w"), 0);
  EXPECT_EQ(home.number("grid.w"), 200) << "the DC load has no other source";
  EXPECT_EQ(home.number("dc.w"), 0);
}

// In cold air, or with clouds around the sun.
TEST_F(Home, TakesNoMoreThanItsRatingFromABrighterSun) {
  Bench home = bench(std::string(kOneBattery));
  place(home, {.sun = 1.01});
  EXPECT_EQ(home.number("pv.w"), 10'000) << "tenths of a watt";
}

TEST_F(Home, KeepsItsBatteryForAnOutageWhileTheGridHoldsIt) {
  std::string held(kHead);
  held.insert(held.find("    export_w: 500"), "    holds: cfg.chargerW - 600\n");
  std::string battery(kOneBattery);
  battery.insert(battery.find("      charge_w: 1000"), "      switch: 2000 - cfg.chargerW\n");
  const auto family = catalog::load_family("home.yaml", held + battery);
  ASSERT_TRUE(family) << family.error().detail;
  Bench home(*family);
  place(home, {.sun = 0});
  EXPECT_NEAR(home.number("bat.discharge"), 250, 1);
  home.set(R"({"id":1,"operateType":"charge","params":{"watts":700}})");
  place(home, {.sun = 0});
  EXPECT_NEAR(home.number("bat.discharge"), 50, 1) << "of the DC load, which has no other source";
  EXPECT_NEAR(home.number("grid.w"), 200, 1);
  place(home, {.sun = 0, .grid_up = false});
  EXPECT_NEAR(home.number("bat.discharge"), 250, 1);
  home.set(R"({"id":1,"operateType":"charge","params":{"watts":2000}})");
  place(home, {.sun = 0.4, .grid_up = false});
  EXPECT_EQ(home.number("bat.discharge"), 0) << "its switch is off";
  EXPECT_EQ(home.number("bat.charge"), 0);
}

TEST_F(Home, TakesItsShareOfTheGridAtMost) {
  std::string limited(kHead);
  limited.insert(limited.find("    export_w: 500"),
                 "    import_w: 1000\n    share: cfg.chargerW / 10000\n");
  const auto family = catalog::load_family("home.yaml", limited);
  ASSERT_TRUE(family) << family.error().detail;
  Bench home(*family);
  place(home, {.sun = 0});
  EXPECT_NEAR(home.number("grid.w"), 60, 1) << "a share of 0.06";
  home.set(R"({"id":1,"operateType":"charge","params":{"watts":2000}})");
  place(home, {.sun = 0});
  EXPECT_NEAR(home.number("grid.w"), 200, 1);
  EXPECT_NEAR(home.number("load.w"), 200, 1);
}

TEST_F(Home, KeepsItsReserveForAnOutage) {
  std::string head(kHead);
  head.insert(head.find("  bat.v:"),
              "  bat.kept: {type: int, unit: \"%\", initial: 49, description: x}\n");
  std::string battery(kOneBattery);
  battery.insert(battery.find("      charge_w: 1000"), "      limits: {reserve: bat.kept}\n");
  const auto family = catalog::load_family("home.yaml", head + battery);
  ASSERT_TRUE(family) << family.error().detail;
  Bench home(*family);
  place(home, {.sun = 0});
  EXPECT_NEAR(home.number("bat.discharge"), 250, 1);
  for (int minute = 0; minute < 30; ++minute) place(home, {.sun = 0});
  EXPECT_EQ(home.number("bat.discharge"), 0);
  EXPECT_NEAR(home.number("bat.soc"), 49, 0.2);
  EXPECT_NEAR(home.number("grid.w"), 200, 1);
  place(home, {.sun = 0, .grid_up = false});
  EXPECT_NEAR(home.number("bat.discharge"), 250, 1);
}

TEST_F(Home, FeedsTheGridWithWhatAFullBatteryDoesNotTake) {
  Bench home = bench(std::string(kOneBattery));
  place(home, {.sun = 1});
  home.run(6h);
  EXPECT_NEAR(home.number("bat.soc"), 100, 0.1);
  EXPECT_EQ(home.number("grid.w"), -500) << "its limit";
  EXPECT_NEAR(home.number("pv.w"), 7500, 10) << "the rest is curtailed";
  EXPECT_EQ(home.number("inv.w"), 700);
  EXPECT_GT(home.number("grid.out"), 500);
  EXPECT_EQ(home.number("grid.in"), 5000) << "as it was at the start";
  place(home, {.sun = 1, .grid_up = false});
  EXPECT_EQ(home.number("grid.w"), 0);
  EXPECT_EQ(home.number("grid.v"), 0);
  EXPECT_FALSE(home.fields().get("grid.up").get_bool());
  EXPECT_EQ(home.number("load.w"), 200);
}

TEST_F(Home, ChargesFromTheGridUnlessTheSettingsForbidIt) {
  Bench home = bench(std::string(kOneBattery) + std::string(kCharger));
  place(home, {.sun = 0});
  EXPECT_NEAR(home.number("chg.w"), 600, 1);
  EXPECT_NEAR(home.number("grid.w"), 800, 1) << "the load is on the grid";
  EXPECT_NEAR(home.number("bat.charge"), 550, 1) << "the DC load takes the rest";
  home.set(R"({"id":1,"operateType":"charge","params":{"watts":2000}})");
  home.step(kMinute);
  EXPECT_NEAR(home.number("chg.w"), 900, 1) << "no more than its rating";
  home.set(R"({"id":1,"operateType":"charge","params":{"watts":0}})");
  home.step(kMinute);
  EXPECT_EQ(home.number("chg.w"), 0);
  EXPECT_NEAR(home.number("bat.discharge"), 250, 1) << "without a charger it does not wait";
  home.set(R"({"id":1,"operateType":"charge","params":{"watts":600}})");
  place(home, {.sun = 0, .grid_up = false});
  EXPECT_NEAR(home.number("bat.discharge"), 250, 1);
  EXPECT_NEAR(home.number("load.w"), 200, 1);
}

TEST_F(Home, GoesOnFromAMeterThatACommandSets) {
  Bench home = bench(std::string(kOneBattery) + std::string(kCharger));
  place(home, {.sun = 0});
  home.run(30min);
  EXPECT_NEAR(home.number("grid.in"), 5000 + 413, 3);
  home.set(R"({"id":1,"operateType":"clear","params":{"energy":0}})");
  EXPECT_EQ(home.number("grid.in"), 0);
  home.run(30min);
  EXPECT_NEAR(home.number("grid.in"), 400, 3);
}

TEST_F(Home, SharesThePowerOutByWhatEachBatteryCanGive) {
  Bench home = bench(R"yaml(
  batteries:
    first: {capacity_wh: 2000, charge_w: 300, discharge_w: 300, feeds: {soc: bat.soc, power: bat.w}}
    second: {capacity_wh: 1000, charge_w: 150, discharge_w: 150, initial_percent: 90,
             feeds: {soc: second.soc}}
)yaml");
  EXPECT_NEAR(home.number("second.soc"), 90, 0.1);
  place(home, {.sun = 0});
  EXPECT_NEAR(home.number("bat.w"), 167, 1);
  home.run(3h);
  EXPECT_NEAR(50 - home.number("bat.soc"), 90 - home.number("second.soc"), 2);
}

std::vector<double> numbers_of(const wire::Json& list) {
  std::vector<double> numbers;
  for (const wire::Json& each : list.get_array()) numbers.push_back(each.to_number<double>());
  return numbers;
}

TEST_F(Home, ShowsTheCellsOfItsBattery) {
  Bench home = bench(R"yaml(
  batteries:
    first:
      capacity_wh: 5120
      charge_w: 1000
      discharge_w: 1000
      feeds: {voltage: bat.v, temperature: bat.c, cell_voltages: cell.v, least_cell_voltage: cell.least,
              greatest_cell_voltage: cell.most, cell_temperatures: cell.c,
              least_cell_temperature: cell.coldest, greatest_cell_temperature: cell.hottest}
)yaml");
  std::set<std::vector<double>> seen;
  for (int hour = 0; hour < 12; ++hour) {
    place(home, {.sun = hour / 12.0});
    home.run(1h);
    const std::vector<double> cells = numbers_of(home.fields().get("cell.v"));
    ASSERT_EQ(cells.size(), 5U) << "as the field's initial value";
    EXPECT_NEAR(std::accumulate(cells.begin(), cells.end(), 0.0) / 5000, home.number("bat.v") / 16,
                0.001);
    EXPECT_EQ(std::ranges::min(cells), home.number("cell.least"));
    EXPECT_EQ(std::ranges::max(cells), home.number("cell.most"));
    EXPECT_LT(home.number("cell.least"), home.number("cell.most")) << "no two cells are alike";
    const std::vector<double> sensors = numbers_of(home.fields().get("cell.c"));
    ASSERT_EQ(sensors.size(), 3U);
    for (const double celsius : sensors) EXPECT_NEAR(celsius, home.number("bat.c"), 3);
    EXPECT_EQ(std::ranges::min(sensors), home.number("cell.coldest"));
    EXPECT_EQ(std::ranges::max(sensors), home.number("cell.hottest"));
    seen.insert(cells);
  }
  EXPECT_GT(seen.size(), 9U) << "they follow the battery";
}

TEST_F(Home, HasPortsThatPeopleUseNowAndThen) {
  constexpr std::string_view kPort = R"yaml(
    usb: {power_w: 12, port: fast_usb, dc: true, feeds: {power: port.w}}
)yaml";
  Bench home = bench(std::string(kPort) + std::string(kOneBattery));
  constexpr int kMinutes = 5 * 24 * 60;
  int used = 0;
  for (int minute = 0; minute < kMinutes; ++minute) {
    place(home, {.sun = 0.5});
    const double power_w = home.number("port.w");
    ASSERT_GE(power_w, 0);
    ASSERT_LT(power_w, 40);
    used += power_w > 0 ? 1 : 0;
  }
  EXPECT_GT(used, kMinutes / 100);
  EXPECT_LT(used, kMinutes / 2);
  home.site = [](Environment& environment) { environment.household_w = 500; };
  home.step(kMinute);
  EXPECT_EQ(home.number("port.w"), 12) << "where the home's power was set";
}

TEST_F(Home, EmptiesItsBatteryDownToItsReserveAndLeavesTheRestToTheGrid) {
  Bench home = bench(std::string(kOneBattery) + "      reserve_percent: 20\n");
  place(home, {.sun = 0});
  const Balance begun = home.device().balance();
  home.run(12h);
  EXPECT_NEAR(home.number("bat.soc"), 20, 0.2);
  EXPECT_EQ(home.number("bat.w"), 0);
  EXPECT_EQ(home.number("grid.w"), 200);
  expect_exact(begun, home.device().balance());
}

TEST(PhysicsModel, ReadsNoNumbersForAModelInCpp) {
  const std::string text =
      std::string(kHead).substr(0, kHead.find("physics:")) + "physics:\n  model: {boost_w: 1}\n";
  const auto family = catalog::load_family("home.yaml", text);
  ASSERT_TRUE(family) << family.error().detail;
  const Status status = check_model(*family);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().detail,
            "home: its virtual devices need no physics.model, which only a model in C++ reads; no "
            "number physics.model.boost_w, which nothing reads");
}

}  // namespace
}  // namespace gridloom::sim
