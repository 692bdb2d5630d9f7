#include "sim/household/load.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/household/standard_profile.h"
#include "testing/long_runs.h"

namespace gridloom::sim::household {
namespace {

constexpr std::int64_t kMinute_ms = 60'000;
constexpr std::int64_t kHour_ms = 60 * kMinute_ms;
constexpr std::int64_t kFirstDay =
    std::chrono::sys_days{std::chrono::January / 1 / 2025}.time_since_epoch().count();
constexpr std::int64_t kStart_ms = kFirstDay * kDay_ms;

Load load_of(std::uint64_t seed, const Wiring& wiring = wired_together()) {
  return Load(HouseholdModel(Chance(seed).split("home"), home_inventory(), {}), wiring);
}

double energy_wh(Load& load, std::size_t channel, std::int64_t from_ms, std::int64_t to_ms,
                 Millis step) {
  double sum_wh = 0;
  load.advance(from_ms, Millis{0});
  for (std::int64_t at = from_ms + step.count(); at <= to_ms; at += step.count()) {
    load.advance(at, step);
    sum_wh += load.power_w(channel) * static_cast<double>(step.count()) / 3.6e6;
  }
  return sum_wh;
}

TEST(HouseholdDay, FollowsTheCalendar) {
  const Day wednesday(kFirstDay);
  EXPECT_EQ(wednesday.of_year, 0);
  EXPECT_EQ(wednesday.year, 2025);
  EXPECT_EQ(wednesday.kind, DayKind::kWorkDay);
  EXPECT_EQ(wednesday.season, Season::kWinter);
  EXPECT_TRUE(wednesday.is_dark(17));
  EXPECT_FALSE(wednesday.is_dark(12));
  EXPECT_TRUE(Day(kFirstDay + 2).is_friday);
  EXPECT_EQ(Day(kFirstDay + 3).kind, DayKind::kSaturday);
  EXPECT_EQ(Day(kFirstDay + 4).kind, DayKind::kSunday);
  const Day summer(kFirstDay + 180);
  EXPECT_EQ(summer.season, Season::kSummer);
  EXPECT_FALSE(summer.is_dark(17));
  EXPECT_EQ(Day(kFirstDay + 365).of_year, 0);
}

TEST(HouseholdLoad, IsAPureFunctionOfTime) {
  Load steps = load_of(3);
  Load jumps = load_of(3);
  std::vector<double> forwards;
  for (std::int64_t at = kStart_ms; at < kStart_ms + 3 * kDay_ms; at += 2000) {
    steps.advance(at, Millis{0});
    if (at % (7 * kMinute_ms) == 0) forwards.push_back(steps.power_w(0));
  }
  std::size_t k = forwards.size();
  for (std::int64_t at = kStart_ms + 3 * kDay_ms - 1000; at >= kStart_ms; at -= 1000) {
    if (at % (7 * kMinute_ms) != 0) continue;
    jumps.advance(at, Millis{0});
    EXPECT_EQ(jumps.power_w(0), forwards[--k]);
  }
  EXPECT_EQ(k, 0U);
}

TEST(HouseholdLoad, NeitherGainsNorLosesEnergyByTheLengthOfAStep) {
  for (const Millis step : {Millis{2000}, Millis{60'000}}) {
    Load coarse = load_of(4);
    Load fine = load_of(4);
    const double fine_wh = energy_wh(fine, 0, kStart_ms, kStart_ms + 2 * kDay_ms, Millis{1000});
    const double coarse_wh = energy_wh(coarse, 0, kStart_ms, kStart_ms + 2 * kDay_ms, step);
    EXPECT_NEAR(coarse_wh / fine_wh, 1, 0.01) << step.count();
  }
}

TEST(HouseholdLoad, IsTheSumOfItsCircuits) {
  Load together = load_of(5);
  Load apart = load_of(5, wired_apart(kHomeCircuits));
  double sum_wh = 0;
  for (std::size_t circuit = 0; circuit < kHomeCircuits; ++circuit) {
    sum_wh += energy_wh(apart, circuit, kStart_ms, kStart_ms + kDay_ms, Millis{60'000});
  }
  const double home_wh = energy_wh(together, 0, kStart_ms, kStart_ms + kDay_ms, Millis{60'000});
  EXPECT_NEAR(sum_wh / home_wh, 1, 0.02);
}

TEST(HouseholdLoad, HasOnlyItsOwnCircuits) {
  Load garden = load_of(6, wired_together({Circuit::kGarden}));
  int on = 0;
  int off = 0;
  for (std::int64_t at = 0; at < 60 * kDay_ms; at += 10 * kMinute_ms) {
    garden.advance(kStart_ms + 120 * kDay_ms + at, Millis{0});
    (garden.power_w(0) > 0 ? on : off) += 1;
  }
  EXPECT_GT(off, 50 * on) << "0 W for days";
}

// The shape of many homes' year. 24 homes and every day with GL_LONG in the environment.
TEST(HouseholdLoad, HasTheShapeOfThePublishedProfile) {
  const bool is_long = runs_long();
  const std::size_t homes = is_long ? 40 : 8;
  const int each_days = is_long ? 1 : 3;
  constexpr Millis kStep{900'000};
  Cells energy{};
  Cells wanted{};
  double sum_kwh = 0;
  for (std::size_t k = 0; k < homes; ++k) {
    Load load(
        HouseholdModel(Chance(k + 5000).split("home"), home_inventory(), {.yearly_kwh = 3500}),
        wired_together());
    for (int day = 0; day < 365; day += each_days) {
      const Day date(kFirstDay + day);
      const std::int64_t midnight_ms = date.number * kDay_ms;
      load.advance(midnight_ms, Millis{0});
      for (std::int64_t at = kStep.count(); at < kDay_ms; at += kStep.count()) {
        load.advance(midnight_ms + at, kStep);
        const auto hour = static_cast<std::size_t>((at - 1) / kHour_ms);
        cell(energy, date, hour) += load.power_w(0);
        sum_kwh += load.power_w(0) * each_days / 4000;
      }
      for (std::size_t hour = 0; hour < kDayHours; ++hour) {
        cell(wanted, date, hour) += standard_profile_w(date, hour);
      }
    }
  }
  EXPECT_LT(misplaced(energy, wanted), is_long ? 0.05 : 0.10);
  EXPECT_LT(misplaced_by_hour(energy, wanted), is_long ? 0.05 : 0.07);
  EXPECT_NEAR(sum_kwh / static_cast<double>(homes), 3500, is_long ? 350 : 700);
}

}  // namespace
}  // namespace gridloom::sim::household
