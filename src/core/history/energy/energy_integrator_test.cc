// Tests the energies of an hour of reports: held powers, gaps, counters, and the borders between
// hours.
#include "history/energy/energy_integrator.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "history/blocks/hours.h"
#include "history/energy/test_meters.h"
#include "journal/journal.h"
#include "testing/dice.h"
#include "testing/must.h"

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kFirstHour = 472'000;

constexpr std::string_view kFields = R"yaml(
  w.pv: {type: float, unit: W, description: Sun, nature: pv.power}
  w.bat: {type: float, unit: W, scale: 0.1, description: Battery, nature: battery.power,
          invert: true, sign: discharging is positive}
  w.grid: {type: float, unit: W, description: Grid, nature: grid.power}
  w.load: {type: float, unit: W, description: Load, nature: load.power}
  w.load2: {type: float, unit: W, description: A second load, nature: load.power}
  w.ev: {type: float, unit: W, description: Car, nature: ev.power}
  w.rod: {type: float, unit: W, description: Rod, nature: heater.power}
  w.rod2: {type: float, unit: W, description: Rod of the annexe, nature: heater.power, part: true}
  pack.*.pump: {type: float, unit: W, description: Pump of a module, nature: heatpump.power}
  w.air: {type: float, unit: W, description: Air, nature: heatpump.power, part: true,
          when: {mode: [1, 2]}}
  mode: {type: int, unit: "", description: Mode}
  rods: {type: array, unit: "", description: Rods,
         of: {type: object, fields: {temp: {type: int},
         pwr: {type: float, unit: W, nature: heater.power}}}}
  wh.pv: {type: int, unit: Wh, description: Energy of the sun, nature: pv.energy}
  wh.ac: {type: int, unit: Wh, description: Energy given out as AC, nature: load.energy}
  wh.dc: {type: int, unit: Wh, description: Energy given out as DC, nature: load.energy}
)yaml";

const EnergySources& sources() {
  static const EnergySources kMeters{*meters(kFields, "w., wh., pack., mode, rods")};
  return kMeters;
}

using Values = std::vector<std::pair<std::string_view, std::string>>;

// A device's reports, and the accounts of all hours that they touch.
class Course {
 public:
  void report(Millis after, const Values& values) {
    const std::int64_t at_ms = kFirstHour * kHour_ms + after.count();
    std::vector<Sample> samples;
    for (const auto& [name, json] : values) {
      samples.push_back({.field = names_.id_of(name), .value = value_of(json)});
    }
    hours_[hour_of(at_ms)].add(at_ms, samples);
  }
  // Reports the same values every minute, including both ends.
  void steady(Millis from, Millis to, const Values& values) {
    for (Millis at = from; at <= to; at += 1min) report(at, values);
  }

  // Computes each hour separately, and converts it to bytes and back as the store does.
  std::map<std::int64_t, HourEnergies> accounts() {
    std::map<std::int64_t, HourEnergies> all;
    std::optional<HourRows> before;
    for (auto& [hour, writer] : hours_) {
      const std::string bytes = writer.finish();
      HourRows rows(sources(), names_);
      must(rows.add(must(Block::open(bytes))));
      rows.finish();
      const HourEnergies energies =
          integrate_hour(sources(), before ? *before : HourRows(sources(), names_), rows);
      all[hour] = must(energies_of(hour, to_bytes(hour, energies)));
      if (!rows.has_reports()) continue;
      for (const auto& [source, watts] : all[hour].held) rows.hold(source, watts);
      before = std::move(rows);
    }
    hours_.clear();
    return all;
  }

 private:
  FieldNames names_{{}};
  std::map<std::int64_t, BlockWriter> hours_;
};

class EnergyIntegratorTest : public testing::Test {
 protected:
  double wh(EnergyFlow flow, Millis from = 0ms, Millis to = 10'000h) {
    if (accounts_.empty()) accounts_ = course.accounts();
    double sum = 0;
    for (const auto& [hour, energies] : accounts_) {
      const std::int64_t start = kFirstHour * kHour_ms;
      sum += energies.within(start + from.count(), start + to.count()).of(flow);
    }
    return sum;
  }

  Course course;

  // How long the flow is known between two times, in minutes.
  double known_min(EnergyFlow flow, Millis from = 0ms, Millis to = 10'000h) {
    if (accounts_.empty()) accounts_ = course.accounts();
    const std::int64_t start = kFirstHour * kHour_ms;
    KnownTime known;
    for (const auto& [hour, energies] : accounts_) {
      for (const KnownSpan& span : energies.known) {
        known.add(span, start + from.count(), start + to.count());
      }
    }
    return static_cast<double>(known.of(flow)) / 60'000;
  }

 private:
  std::map<std::int64_t, HourEnergies> accounts_;
};

TEST_F(EnergyIntegratorTest, AKilowattForAnHourIsAKilowattHour) {
  course.steady(0min, 60min, {{"w.pv", "1000"}, {"w.load", "250.5"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv), 1000, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kLoad), 250.5, 1e-6);
}

TEST_F(EnergyIntegratorTest, AQuarterOfAnHourHasItsOwn) {
  course.steady(0min, 14min, {{"w.pv", "1000"}});
  course.steady(15min, 60min, {{"w.pv", "2000"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv, 0min, 15min), 250, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kPv, 15min, 30min), 500, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kPv, 45min, 60min), 500, 1e-6);
}

TEST_F(EnergyIntegratorTest, APowerIsHeldUntilTheNextValue) {
  course.report(0min, {{"w.pv", "1200"}});
  course.report(3min, {{"w.pv", "0"}});
  course.report(5min, {{"w.load", "600"}});
  course.report(6min, {{"x", "1"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv), 60, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kLoad), 10, 1e-6);
}

TEST_F(EnergyIntegratorTest, APowerThatNoDeviceCanHaveAddsNothing) {
  course.report(0min, {{"w.pv", "1200"}});
  course.report(3min, {{"w.pv", "1e308"}});
  course.report(4min, {{"w.pv", "-1e12"}});
  course.report(5min, {{"w.pv", "600"}});
  course.report(6min, {{"x", "1"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv), 70, 1e-6);
}

TEST_F(EnergyIntegratorTest, BothDirectionsOfBatteryAndGridAreKeptApart) {
  // The battery value on the wire is in tenths of a watt, and positive while discharging.
  course.report(0min, {{"w.bat", "6000"}, {"w.grid", "-120"}});
  course.report(5min, {{"w.bat", "-12000"}, {"w.grid", "240"}});
  course.report(10min, {{"w.bat", "0"}, {"w.grid", "0"}});
  EXPECT_NEAR(wh(EnergyFlow::kBatteryOut), 50, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kBatteryIn), 100, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kGridOut), 10, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kGridIn), 20, 1e-6);
}

TEST_F(EnergyIntegratorTest, OnlyTheFirstFieldOfANatureCounts) {
  course.steady(0min, 60min, {{"w.load", "100"}, {"w.load2", "900"}});
  EXPECT_NEAR(wh(EnergyFlow::kLoad), 100, 1e-6);
}

TEST_F(EnergyIntegratorTest, PartsOfAPowerAreSummed) {
  course.steady(0min, 30min, {{"w.rod", "100"}, {"w.rod2", "900"}});
  course.steady(31min, 60min, {{"w.rod", "100"}, {"w.rod2", "0"}});
  EXPECT_NEAR(wh(EnergyFlow::kHeater), 100 + 900 * 31.0 / 60, 1e-6);
}

TEST_F(EnergyIntegratorTest, APartOfAPowerThatIsNeverReportedAddsNothing) {
  course.steady(0min, 60min, {{"w.rod2", "900"}});
  EXPECT_NEAR(wh(EnergyFlow::kHeater), 900, 1e-6);
}

TEST_F(EnergyIntegratorTest, PartsOfAPowerHoldOverTheBorderOfAnHour) {
  course.report(58min, {{"w.rod", "600"}, {"w.rod2", "1200"}});
  course.steady(59min, 65min, {{"x", "1"}});
  EXPECT_NEAR(wh(EnergyFlow::kHeater), 210, 1e-6);
}

TEST_F(EnergyIntegratorTest, TheElementsOfAnArrayAreSummed) {
  course.report(0min, {{"rods", R"([{"temp":48,"pwr":100},{"pwr":250.5}])"}, {"w.pv", "0"}});
  course.report(2min, {{"rods", R"([{"temp":48}])"}});
  course.report(4min, {{"rods", "[]"}});
  EXPECT_NEAR(wh(EnergyFlow::kHeater), 350.5 * 2 / 60, 1e-3) << "what is not known adds nothing";
}

// As an air conditioner that heats and cools.
TEST_F(EnergyIntegratorTest, APowerCountsWhileItsConditionIsMet) {
  course.report(0min, {{"pack.1.pump", "600"}, {"w.air", "1200"}});
  course.report(10min - 7min, {{"mode", "1"}});
  course.report(6min, {{"mode", "2"}});
  course.report(9min, {{"mode", "0"}});
  course.report(12min, {{"w.air", "900"}});
  EXPECT_NEAR(wh(EnergyFlow::kHeatpump), (600 * 12 + 1200 * 6) / 60.0, 1e-6);
}

TEST_F(EnergyIntegratorTest, AConditionHoldsOverTheBorderOfAnHour) {
  course.report(0min, {{"w.air", "600"}, {"mode", "1"}});
  course.steady(1min, 4h, {{"w.pv", "0"}});
  EXPECT_NEAR(wh(EnergyFlow::kHeatpump), 2400, 0.01);
}

TEST_F(EnergyIntegratorTest, AllModulesOfAFieldAreSummed) {
  course.steady(0min, 60min, {{"pack.A1.pump", "100"}, {"pack.B2.pump", "30"}});
  EXPECT_NEAR(wh(EnergyFlow::kHeatpump), 130, 1e-6);
}

TEST_F(EnergyIntegratorTest, ConsumersTakeTheSunsShareOfAllSources) {
  course.steady(0min, 60min,
                {{"w.pv", "3000"}, {"w.grid", "1000"}, {"w.ev", "400"}, {"w.rod", "200"}});
  EXPECT_NEAR(wh(EnergyFlow::kEv), 400, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kPvToEv), 300, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kHeater), 200, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kPvToHeater), 150, 1e-6);
}

TEST_F(EnergyIntegratorTest, WithoutSourcesNothingComesFromTheSun) {
  course.steady(0min, 60min, {{"w.ev", "400"}});
  EXPECT_NEAR(wh(EnergyFlow::kEv), 400, 1e-6);
  EXPECT_EQ(wh(EnergyFlow::kPvToEv), 0);
}

TEST_F(EnergyIntegratorTest, AGapOfOverFiveMinutesAddsNothing) {
  course.report(0min, {{"w.pv", "1200"}});
  course.report(5min, {{"w.pv", "1200"}});
  course.report(10min + 1ms, {{"w.pv", "1200"}});
  course.report(11min + 1ms, {{"w.pv", "1200"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv), 120, 1e-3);
}

TEST_F(EnergyIntegratorTest, AfterAGapWhatWasSaidBeforeCountsNoMore) {
  course.report(0min, {{"w.pv", "1200"}});
  course.report(6min, {{"w.load", "600"}});
  course.report(9min, {{"w.load", "600"}});
  EXPECT_EQ(wh(EnergyFlow::kPv), 0);
  EXPECT_NEAR(wh(EnergyFlow::kLoad), 30, 1e-6);
}

TEST_F(EnergyIntegratorTest, ADeviceThatWentAwayDoesNotGoOnCounting) {
  course.report(0min, {{"w.pv", "1200"}});
  course.report(1min, {{"w.pv", "1200"}});
  course.report(2min, {{"$online", "0"}});
  course.report(3min, {{"$online", "1"}});
  course.report(4min, {{"w.pv", "1200"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv), 40, 1e-6);
}

TEST_F(EnergyIntegratorTest, ValuesThatAreNotNumbersCountAsNothing) {
  course.steady(0min, 60min, {{"w.pv", R"("1000")"}, {"w.load", "null"}, {"w.grid", "true"}});
  EXPECT_EQ(wh(EnergyFlow::kPv) + wh(EnergyFlow::kLoad) + wh(EnergyFlow::kGridIn), 0);
}

TEST_F(EnergyIntegratorTest, ATextBetweenNumbersEndsThem) {
  course.report(0min, {{"w.pv", "1200"}});
  course.report(1min, {{"w.pv", R"("off")"}});
  course.report(2min, {{"w.pv", "1200"}});
  course.report(3min, {{"w.pv", "1200"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv), 40, 1e-6);
}

TEST_F(EnergyIntegratorTest, TheEndOfAnHourIsCountedInItsOwnQuarter) {
  course.report(58min, {{"w.pv", "1200"}});
  course.report(61min, {{"w.pv", "2400"}});
  course.report(62min, {{"w.pv", "0"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv, 45min, 60min), 40, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kPv, 60min, 75min), 60, 1e-6);
}

TEST_F(EnergyIntegratorTest, APowerHoldsOverTheBorderOfAnHour) {
  course.report(58min, {{"w.pv", "1200"}});
  course.steady(59min, 65min, {{"x", "1"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv), 140, 1e-6);
}

TEST_F(EnergyIntegratorTest, ACounterIsPreferredToItsPower) {
  for (int minute = 0; minute <= 120; ++minute) {
    course.report(std::chrono::minutes(minute),
                  {{"w.pv", "600"}, {"wh.pv", std::to_string(5000 + 11 * minute)}});
  }
  EXPECT_NEAR(wh(EnergyFlow::kPv), 1320, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kPv, 0min, 15min), 165, 1e-3);
  EXPECT_NEAR(wh(EnergyFlow::kPv, 60min, 75min), 165, 1e-3);
}

TEST_F(EnergyIntegratorTest, WhereTheCounterHasNoSamplesThePowerCounts) {
  course.steady(0min, 30min, {{"w.pv", "600"}});
  course.report(30min, {{"wh.pv", "1000"}});
  course.steady(31min, 89min, {{"w.pv", "600"}});
  course.report(90min, {{"wh.pv", "1700"}});
  course.steady(91min, 150min, {{"w.pv", "600"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv, 0min, 30min), 300, 1e-3);
  EXPECT_NEAR(wh(EnergyFlow::kPv, 30min, 90min), 700, 2e-3);
  EXPECT_NEAR(wh(EnergyFlow::kPv, 90min, 150min), 600, 1e-3);
}

TEST_F(EnergyIntegratorTest, ACounterKnowsWhatHappenedInAGap) {
  course.steady(0min, 10min, {{"w.pv", "600"}, {"wh.pv", "1000"}});
  course.steady(50min, 60min, {{"w.pv", "600"}, {"wh.pv", "1400"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv), 400, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kPv, 15min, 45min), 300, 1e-3);
}

TEST_F(EnergyIntegratorTest, AGapOfDaysIsSpreadEvenly) {
  course.report(30min, {{"wh.pv", "1000"}});
  course.report(30min + 48h, {{"wh.pv", "5800"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv), 4800, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kPv, 0h, 1h), 50, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kPv, 1h, 25h), 2400, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kPv, 48h, 49h), 50, 1e-6);
}

TEST_F(EnergyIntegratorTest, ACounterThatDecreasesAddsNothingForThatTime) {
  course.report(0min, {{"wh.pv", "1000"}});
  course.report(10min, {{"wh.pv", "1100"}});
  course.report(20min, {{"wh.pv", "30"}});
  course.report(30min, {{"wh.pv", "80"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv), 150, 1e-6);
}

TEST_F(EnergyIntegratorTest, ACounterThatIsMisreadOnceBringsNothing) {
  for (const std::string_view misread : {"27", "0", "4294967295"}) {
    Course misreads;
    for (int minute = 0; minute <= 20; ++minute) {
      const std::string right = std::to_string(189'220 + minute);
      misreads.report(minute * 1min,
                      {{"w.pv", "0"}, {"wh.pv", minute == 10 ? std::string(misread) : right}});
    }
    double sum_wh = 0;
    for (const auto& [hour, energies] : misreads.accounts()) {
      for (const auto& [quarter, wh] : energies.quarters) sum_wh += wh.of(EnergyFlow::kPv);
    }
    EXPECT_NEAR(sum_wh, 20, 1e-6) << misread;
  }
}

TEST_F(EnergyIntegratorTest, ACounterThatWasResetLeavesThePower) {
  course.steady(0min, 9min, {{"w.pv", "600"}, {"wh.pv", "1000"}});
  course.steady(10min, 20min, {{"w.pv", "600"}, {"wh.pv", "7"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv), 10, 1e-6);
}

// Devices send counters that they do not maintain as 0.
TEST_F(EnergyIntegratorTest, ACounterThatStandsAtZeroIsNone) {
  course.steady(0min, 90min, {{"w.pv", "600"}, {"wh.pv", "0"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv), 900, 1e-6);
}

TEST_F(EnergyIntegratorTest, ACounterThatComesToLifeBringsNotItsWholePast) {
  course.steady(0min, 9min, {{"w.pv", "600"}, {"wh.pv", "0"}});
  course.steady(10min, 20min, {{"w.pv", "600"}, {"wh.pv", "90000"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv), 100, 1e-6);
}

TEST_F(EnergyIntegratorTest, PartsOfACounterAreSummed) {
  for (int minute = 0; minute <= 60; ++minute) {
    course.report(std::chrono::minutes(minute), {{"w.load", "1"},
                                                 {"wh.ac", std::to_string(100 + 2 * minute)},
                                                 {"wh.dc", std::to_string(10 + minute)}});
  }
  EXPECT_NEAR(wh(EnergyFlow::kLoad), 180, 1e-6);
}

TEST_F(EnergyIntegratorTest, APartThatIsMissingLeavesThePower) {
  for (int minute = 0; minute <= 60; ++minute) {
    course.report(std::chrono::minutes(minute),
                  {{"w.load", "300"}, {"wh.ac", std::to_string(100 + minute)}});
  }
  EXPECT_NEAR(wh(EnergyFlow::kLoad), 300, 1e-6);
}

TEST_F(EnergyIntegratorTest, APartThatIsNotUsedStandsAtZero) {
  for (int minute = 0; minute <= 60; ++minute) {
    course.report(std::chrono::minutes(minute),
                  {{"w.load", "300"}, {"wh.ac", std::to_string(100 + minute)}, {"wh.dc", "0"}});
  }
  EXPECT_NEAR(wh(EnergyFlow::kLoad), 60, 1e-6);
}

TEST_F(EnergyIntegratorTest, NothingIsEverNegative) {
  Dice dice(11);
  for (int i = 0; i < 3000; ++i) {
    const Millis at{dice.between(0, 5 * kHour_ms)};
    course.report(at,
                  {{"w.pv", fmt::format("{}", dice.between(-500, 500))},
                   {"w.bat", fmt::format("{}", dice.between(-500, 500))},
                   {"wh.pv", fmt::format("{}", dice.between(-50, 500))},
                   {dice.once_in(2) ? "wh.ac" : "wh.dc", fmt::format("{}", dice.between(0, 3))}});
  }
  for (std::size_t i = 0; i < kEnergyFlows; ++i) {
    for (Millis quarter = -1h; quarter < 6h; quarter += 15min) {
      EXPECT_GE(wh(static_cast<EnergyFlow>(i), quarter, quarter + 15min), 0)
          << kEnergyFlowNames.at(i);
    }
  }
}

// An hour in which a device only connected or disconnected must not hide earlier counter values.
TEST_F(EnergyIntegratorTest, AnHourWithoutReportsIsPartOfTheGap) {
  course.report(59min, {{"w.pv", "600"}, {"wh.pv", "1000"}});
  course.report(61min, {{"$online", "0"}});
  course.report(179min, {{"w.pv", "600"}, {"wh.pv", "1240"}});
  EXPECT_NEAR(wh(EnergyFlow::kPv), 240, 1e-6);
  EXPECT_NEAR(wh(EnergyFlow::kPv, 60min, 120min), 120, 1e-3);
}

// The same reports give the same sum when they are shifted relative to the hours.
TEST(EnergyIntegratorProperty, TheSumDoesNotDependOnWhereHoursEnd) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Dice dice(seed);
    std::vector<std::pair<Millis, Values>> rows;
    Millis at{0};
    std::int64_t counter = 1000;
    for (int i = 0; i < 400; ++i) {
      at +=
          Millis(dice.once_in(50) ? dice.between(1, 3 * kHour_ms) : dice.between(1, 2 * 60 * 1000));
      counter += dice.between(0, 20);
      if (dice.once_in(20)) rows.emplace_back(at++, Values{{"$online", "0"}});
      rows.emplace_back(at, Values{{"w.pv", std::to_string(dice.between(0, 5000))},
                                   {"w.grid", std::to_string(dice.between(-3000, 3000))},
                                   {"w.ev", std::to_string(dice.between(0, 900))},
                                   {"wh.ac", "0"},
                                   {"wh.pv", std::to_string(counter)}});
    }
    std::vector<double> first;
    for (const Millis shift : {Millis(0), Millis(1), Millis(17min), Millis(59min + 59s)}) {
      Course course;
      for (const auto& [after, values] : rows) course.report(shift + after, values);
      Energies sum;
      for (const auto& [hour, energies] : course.accounts()) {
        sum += energies.within(0, 1'000'000 * kHour_ms);
      }
      std::vector<double> sums(sum.wh.begin(), sum.wh.end());
      if (first.empty()) first = sums;
      for (std::size_t i = 0; i < kEnergyFlows; ++i) {
        EXPECT_NEAR(sums[i], first[i], 0.05) << kEnergyFlowNames.at(i) << ", seed " << seed;
      }
      EXPECT_GT(sum.of(EnergyFlow::kPv), 0);
    }
  }
}

TEST_F(EnergyIntegratorTest, APowerThatWasSaidOnceHoldsForHours) {
  course.report(0min, {{"w.load", "100"}, {"pack.3.pump", "20.5"}});
  course.steady(1min, 10h, {{"w.pv", "0"}});
  EXPECT_NEAR(wh(EnergyFlow::kLoad), 1000, 0.01);
  EXPECT_NEAR(wh(EnergyFlow::kHeatpump), 205, 0.01);
  EXPECT_NEAR(wh(EnergyFlow::kLoad, 7h, 8h), 100, 0.01);
}

TEST_F(EnergyIntegratorTest, APowerHeldForHoursEndsWithTheNextValue) {
  course.report(0min, {{"w.load", "100"}});
  course.steady(1min, 5h, {{"w.pv", "0"}});
  course.report(5h + 30s, {{"w.load", "0"}});
  course.steady(5h + 1min, 9h, {{"w.pv", "0"}});
  EXPECT_NEAR(wh(EnergyFlow::kLoad), 500 + 100.0 / 120, 0.01);
}

TEST_F(EnergyIntegratorTest, APowerHeldForHoursEndsWithAGap) {
  course.report(0min, {{"w.load", "100"}});
  course.steady(1min, 3h, {{"w.pv", "0"}});
  course.steady(3h + 10min, 9h, {{"w.pv", "0"}});
  EXPECT_NEAR(wh(EnergyFlow::kLoad), 300, 0.01);
}

TEST_F(EnergyIntegratorTest, TheTimeBetweenReportsIsKnown) {
  course.steady(10min, 150min, {{"w.pv", "0"}});
  EXPECT_EQ(known_min(EnergyFlow::kPv), 140);
  EXPECT_EQ(known_min(EnergyFlow::kLoad), 140) << "of all flows";
  EXPECT_EQ(known_min(EnergyFlow::kPv, 0min, 60min), 50);
  EXPECT_EQ(known_min(EnergyFlow::kPv, 60min, 75min), 15);
  EXPECT_EQ(known_min(EnergyFlow::kPv, 145min, 160min), 5);
}

TEST_F(EnergyIntegratorTest, AGapIsNotKnown) {
  course.steady(0min, 10min, {{"w.pv", "1000"}});
  course.steady(30min, 40min, {{"w.pv", "1000"}});
  course.report(45min, {{"w.pv", "1000"}});  // not a gap yet
  course.steady(170min, 180min, {{"w.pv", "1000"}});
  EXPECT_EQ(known_min(EnergyFlow::kPv), 10 + 15 + 10);
  EXPECT_EQ(known_min(EnergyFlow::kPv, 10min, 30min), 0);
  EXPECT_EQ(known_min(EnergyFlow::kPv, 60min, 120min), 0);
}

TEST_F(EnergyIntegratorTest, WhileADeviceIsAwayNothingIsKnown) {
  course.steady(0min, 10min, {{"w.pv", "1000"}});
  course.report(12min, {{journal::kPresence, "0"}});
  course.report(14min, {{journal::kPresence, "1"}});
  course.steady(15min, 20min, {{"w.pv", "1000"}});
  EXPECT_EQ(known_min(EnergyFlow::kPv), 12 + 6);
}

TEST_F(EnergyIntegratorTest, ACounterIsKnownInAGapAsWell) {
  course.steady(0min, 10min, {{"w.load", "100"}, {"wh.pv", "500"}});
  course.steady(5h, 5h + 10min, {{"w.load", "100"}, {"wh.pv", "900"}});
  EXPECT_EQ(known_min(EnergyFlow::kPv), 310);
  EXPECT_EQ(known_min(EnergyFlow::kPv, 60min, 120min), 60);
  EXPECT_EQ(known_min(EnergyFlow::kGridIn), 20);
  EXPECT_EQ(known_min(EnergyFlow::kGridIn, 60min, 120min), 0);
}

TEST(StoredEnergies, ComeBackToTheMilliwattHour) {
  HourEnergies energies;
  energies.quarters[kFirstHour * 4 - 1].of(EnergyFlow::kPv) = 12.3456;
  energies.quarters[kFirstHour * 4 + 3].of(EnergyFlow::kPvToHeatpump) = 1e6;
  energies.stretches.push_back({.flow = EnergyFlow::kGridIn,
                                .from_ms = (kFirstHour - 40) * kHour_ms + 5,
                                .to_ms = kFirstHour * kHour_ms,
                                .wh = 77.125});
  energies.held = {{7, -1200.5}, {4'000'000'000, 0}};
  energies.known = {{.from_ms = (kFirstHour - 1) * kHour_ms - 7, .to_ms = kFirstHour * kHour_ms},
                    {.flow = EnergyFlow::kGridIn,
                     .from_ms = (kFirstHour - 40) * kHour_ms,
                     .to_ms = kFirstHour * kHour_ms}};
  const std::string bytes = to_bytes(kFirstHour, energies);
  const HourEnergies back = must(energies_of(kFirstHour, bytes));
  ASSERT_EQ(back.quarters.size(), 2);
  EXPECT_EQ(back.quarters.at(kFirstHour * 4 - 1).of(EnergyFlow::kPv), 12.346);
  EXPECT_EQ(back.quarters.at(kFirstHour * 4 + 3).of(EnergyFlow::kPvToHeatpump), 1e6);
  ASSERT_EQ(back.stretches.size(), 1);
  EXPECT_EQ(back.stretches[0].from_ms, energies.stretches[0].from_ms);
  EXPECT_EQ(back.stretches[0].to_ms, energies.stretches[0].to_ms);
  EXPECT_EQ(back.stretches[0].wh, 77.125);
  EXPECT_EQ(back.held, energies.held);
  EXPECT_EQ(back.known, energies.known);
}

TEST(StoredEnergies, BytesThatAreNoneAreRefused) {
  HourEnergies energies;
  energies.quarters[kFirstHour * 4].of(EnergyFlow::kPv) = 60;
  energies.known = {{.from_ms = kFirstHour * kHour_ms, .to_ms = (kFirstHour + 1) * kHour_ms}};
  const std::string bytes = to_bytes(kFirstHour, energies);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(energies_of(kFirstHour, std::string_view(bytes).substr(0, size))) << size;
  }
  EXPECT_FALSE(energies_of(kFirstHour, bytes + "x"));
  EXPECT_FALSE(energies_of(kFirstHour, "\x05" + bytes.substr(1)));
  // A revision of 0.
  EXPECT_FALSE(energies_of(kFirstHour, std::string_view("\x04\0\0\0\0\0", 6)));
  EXPECT_TRUE(energies_of(kFirstHour, std::string_view("\x04\x01\0\0\0\0", 6)));
  // A span of an unknown flow, and one without a length.
  EXPECT_FALSE(energies_of(kFirstHour, std::string_view("\x04\x01\0\0\0\x01\x0D\0\x01", 9)));
  EXPECT_FALSE(energies_of(kFirstHour, std::string_view("\x04\x01\0\0\0\x01\x0C\0\0", 9)));
  EXPECT_TRUE(energies_of(kFirstHour, std::string_view("\x04\x01\0\0\0\x01\x0C\0\x01", 9)));
  EXPECT_FALSE(energies_of(kFirstHour, std::string_view("\x04\x01\x01\x00\x80\x20", 6)));
  // An earlier version.
  EXPECT_FALSE(energies_of(kFirstHour, std::string_view("\x03\0\0\0\0", 5)));
  Dice dice(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string other = bytes;
    for (int k = 0; k < 3; ++k) other[dice.below(other.size())] = static_cast<char>(dice.bits());
    static_cast<void>(energies_of(kFirstHour, other));
  }
}

}  // namespace
}  // namespace gridloom::history
