// The energy sums that quota/data answers: what counts, how much of it, and in which hour.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "twin/test_family.h"
#include "twin/twin.h"

namespace gridloom::twin {
namespace {

using namespace std::chrono_literals;

// A full hour of UTC, so that hours count from here.
constexpr TimePoint kHour{std::chrono::hours(472'000)};
constexpr TimePoint kForever{std::chrono::hours(900'000)};

class Energies : public testing::Test {
 protected:
  void report(Millis after, std::string_view values) {
    const auto applied =
        twin.apply(fmt::format(R"({{"params":{{{}}}}})", values), kHour + after, reader);
    ASSERT_TRUE(applied) << applied.error().detail;
  }
  // The same power, told every minute.
  void steady(Millis from, Millis to, std::string_view values) {
    for (Millis at = from; at <= to; at += 1min) report(at, values);
  }
  [[nodiscard]] double wh(Counter counter, Millis from = 0ms, Millis to = 9000h) const {
    return twin.energies(kHour + from, kHour + to).at(static_cast<std::size_t>(counter));
  }

  Twin twin{flat_layout()};
  ReportReader reader;
};

TEST_F(Energies, AKilowattForAnHourIsAKilowattHour) {
  steady(0min, 60min, R"("watts.pv":1000,"watts.load":250.5)");
  EXPECT_NEAR(wh(Counter::kPv), 1000, 1e-6);
  EXPECT_NEAR(wh(Counter::kLoad), 250.5, 1e-6);
}

TEST_F(Energies, APowerCountsUntilTheNextReportTellsAnother) {
  report(0min, R"("watts.pv":1200)");
  report(3min, R"("watts.pv":0)");
  report(5min, R"("watts.load":600)");
  report(6min, R"("pd.soc":1)");
  EXPECT_NEAR(wh(Counter::kPv), 60, 1e-6);
  EXPECT_NEAR(wh(Counter::kLoad), 10, 1e-6);
}

TEST_F(Energies, BothDirectionsOfBatteryAndGridAreKeptApart) {
  // The battery's wire value is in tenths of a watt, and positive while it discharges.
  report(0min, R"("watts.bat":6000,"watts.grid":-120)");
  report(5min, R"("watts.bat":-12000,"watts.grid":240)");
  report(10min, R"("watts.bat":0,"watts.grid":0)");
  EXPECT_NEAR(wh(Counter::kBatteryOut), 50, 1e-6);
  EXPECT_NEAR(wh(Counter::kBatteryIn), 100, 1e-6);
  EXPECT_NEAR(wh(Counter::kGridOut), 10, 1e-6);
  EXPECT_NEAR(wh(Counter::kGridIn), 20, 1e-6);
}

TEST_F(Energies, OnlyTheFirstFieldOfANatureCounts) {
  steady(0min, 60min, R"("watts.load":100,"watts.load2":900)");
  EXPECT_NEAR(wh(Counter::kLoad), 100, 1e-6);
}

TEST_F(Energies, ConsumersTakeTheSunsShareOfAllSources) {
  steady(0min, 60min,
         R"("watts.pv":3000,"watts.grid":1000,"watts.ev":400,"watts.rod":200,)"
         R"("watts.pump":100)");
  EXPECT_NEAR(wh(Counter::kEv), 400, 1e-6);
  EXPECT_NEAR(wh(Counter::kPvToEv), 300, 1e-6);
  EXPECT_NEAR(wh(Counter::kHeater), 200, 1e-6);
  EXPECT_NEAR(wh(Counter::kPvToHeater), 150, 1e-6);
  EXPECT_NEAR(wh(Counter::kHeatpump), 100, 1e-6);
  EXPECT_NEAR(wh(Counter::kPvToHeatpump), 75, 1e-6);
}

TEST_F(Energies, WithoutSourcesNothingComesFromTheSun) {
  steady(0min, 60min, R"("watts.ev":400)");
  EXPECT_NEAR(wh(Counter::kEv), 400, 1e-6);
  EXPECT_EQ(wh(Counter::kPvToEv), 0);
}

TEST_F(Energies, AGapOfOverFiveMinutesAddsNothing) {
  report(0min, R"("watts.pv":1200)");
  report(5min, R"("watts.pv":1200)");
  EXPECT_NEAR(wh(Counter::kPv), 100, 1e-6);
  report(10min + 1ms, R"("watts.pv":1200)");
  EXPECT_NEAR(wh(Counter::kPv), 100, 1e-6);
  report(11min + 1ms, R"("watts.pv":1200)");
  EXPECT_NEAR(wh(Counter::kPv), 120, 1e-6);
}

TEST_F(Energies, ADeviceThatWentAwayDoesNotGoOnCounting) {
  report(0min, R"("watts.pv":1200)");
  report(1min, R"("watts.pv":1200)");
  twin.pause();
  report(4min, R"("watts.pv":1200)");
  EXPECT_NEAR(wh(Counter::kPv), 20, 1e-6);
  report(5min, R"("watts.pv":1200)");
  EXPECT_NEAR(wh(Counter::kPv), 40, 1e-6);
}

TEST_F(Energies, AClockThatGoesBackAddsNothing) {
  report(10min, R"("watts.pv":1200)");
  report(8min, R"("watts.pv":1200)");
  EXPECT_EQ(wh(Counter::kPv), 0);
  report(9min, R"("watts.pv":1200)");
  EXPECT_NEAR(wh(Counter::kPv), 20, 1e-6);
}

TEST_F(Energies, AreSummedOfTheHoursAsked) {
  steady(0min, 179min, R"("watts.pv":60)");
  EXPECT_NEAR(wh(Counter::kPv, 0h, 1h), 60, 1.01);
  EXPECT_NEAR(wh(Counter::kPv, 1h, 2h), 60, 1.01);
  EXPECT_NEAR(wh(Counter::kPv, 1h, 3h), 119, 1.01);
  EXPECT_NEAR(wh(Counter::kPv, 0h, 3h), 179, 1e-6);
  EXPECT_EQ(wh(Counter::kPv, 3h, 9h), 0);
  EXPECT_EQ(wh(Counter::kPv, -5h, 0h), 0);
}

TEST_F(Energies, AnEndIsExclusiveAndASecondOfAnHourTouchesIt) {
  steady(60min, 119min, R"("watts.pv":60)");
  EXPECT_EQ(wh(Counter::kPv, 0h, 1h), 0);
  EXPECT_NEAR(wh(Counter::kPv, 0h, 1h + 1ms), 59, 1e-6);
  EXPECT_NEAR(wh(Counter::kPv, 1h + 59min, 2h), 59, 1e-6);
}

TEST_F(Energies, AWholeWeekIsKept) {
  for (int hour = 0; hour <= 8 * 24; ++hour) {
    report(std::chrono::hours(hour), R"("watts.pv":60)");
    report(std::chrono::hours(hour) + 1min, R"("watts.pv":60)");
  }
  EXPECT_NEAR(wh(Counter::kPv, 24h, 8 * 24h), 7 * 24, 1e-6);
}

TEST_F(Energies, TextThatIsNoNumberCountsAsNothing) {
  steady(0min, 60min, R"("watts.pv":"1000","watts.load":null,"watts.ev":[5],"watts.grid":true)");
  EXPECT_EQ(wh(Counter::kPv), 0);
  EXPECT_EQ(wh(Counter::kLoad), 0);
  EXPECT_EQ(wh(Counter::kGridIn), 0);
  EXPECT_EQ(twin.energies(kHour, kForever).at(0), 0);
}

}  // namespace
}  // namespace gridloom::twin
