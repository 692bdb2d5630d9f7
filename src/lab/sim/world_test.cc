#include "sim/world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "sim/models/parts.h"
#include "time/time_zone.h"

namespace gridloom::sim {
namespace {

constexpr TimePoint kMidsummer{std::chrono::sys_days{std::chrono::June / 21 / 2025}};
constexpr TimePoint kMidwinter{std::chrono::sys_days{std::chrono::December / 21 / 2025}};

std::vector<double> figures(const Environment& environment) {
  return {static_cast<double>(environment.local_ms),
          environment.sun,
          environment.air_c,
          environment.place_c[0],
          environment.grid_v,
          environment.grid_hz};
}

double solar_hours(const World& world, TimePoint day) {
  double hours = 0;
  for (Millis at{0}; at < Millis{kDay_ms}; at += Millis{kMinute_ms}) {
    hours += world.at(day + at).sun / 60;
  }
  return hours;
}

TEST(World, IsAPureFunctionOfTime) {
  const World world({.seed = 5});
  const World twin({.seed = 5});
  std::vector<TimePoint> times;
  for (int k = 0; k < 200; ++k) times.push_back(kMidsummer + Millis{k * 437'111});
  std::vector<std::vector<double>> forwards;
  for (const TimePoint at : times) forwards.push_back(figures(world.at(at)));
  std::ranges::reverse(times);
  std::ranges::reverse(forwards);
  for (std::size_t k = 0; k < times.size(); ++k) {
    EXPECT_EQ(figures(world.at(times[k])), forwards[k]);
    EXPECT_EQ(figures(twin.at(times[k])), forwards[k]);
  }
}

TEST(World, IsAnotherOneWithAnotherSeed) {
  const World one({.seed = 1});
  const World two({.seed = 2});
  const TimePoint noon = kMidsummer + std::chrono::hours{12};
  EXPECT_NE(figures(one.at(noon)), figures(two.at(noon)));
}

TEST(World, HasNoSunAtNightAndMoreInSummerThanInWinter) {
  const World world({});
  for (const TimePoint day : {kMidsummer, kMidwinter}) {
    for (int minute = 0; minute < 180; ++minute) {
      EXPECT_EQ(world.at(day + Millis{minute * kMinute_ms}).sun, 0);
      EXPECT_EQ(world.at(day + Millis{kDay_ms - 1 - minute * kMinute_ms}).sun, 0);
    }
  }
  double summer = 0;
  double winter = 0;
  for (int k = -3; k <= 3; ++k) {
    summer += solar_hours(world, kMidsummer + std::chrono::days{k});
    winter += solar_hours(world, kMidwinter + std::chrono::days{k});
  }
  EXPECT_GT(summer, 3 * winter);
  EXPECT_GT(winter, 0);
}

TEST(World, StaysWithinWhatASiteCanBe) {
  const World world({.seed = 9});
  for (int k = 0; k < 20'000; ++k) {
    const Environment environment = world.at(kMidwinter + Millis{std::int64_t{k} * 1'577'000});
    EXPECT_GE(environment.sun, 0);
    EXPECT_LE(environment.sun, 1.1);
    EXPECT_GT(environment.air_c, -12);
    EXPECT_LT(environment.air_c, 35);
    EXPECT_NEAR(environment.grid_v, 230, 5);
    EXPECT_NEAR(environment.grid_hz, 50, 0.1);
    EXPECT_GE(environment.local_ms, 0);
    EXPECT_LT(environment.local_ms, kDay_ms);
  }
}

TEST(World, YearlySunshineIsThatOfItsLatitude) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const World world({.seed = seed, .latitude_deg = 51});
    const Millis step{300'000};
    double sun_kwh = 0;  // of 1 kWp of horizontal modules before losses
    for (Millis at{0}; at < Millis{365 * kDay_ms}; at += step) {
      sun_kwh += world.at(kMidwinter + at).sun * seconds_of(step) / 3600;
    }
    EXPECT_GT(sun_kwh, 950) << seed;
    EXPECT_LT(sun_kwh, 1150) << seed;
  }
}

TEST(World, HasDaysOfAllKinds) {
  const World world({.seed = 3});
  int sunny = 0;
  int grey = 0;
  for (int day = 0; day < 120; ++day) {
    const double hours = solar_hours(world, kMidsummer + std::chrono::days{day - 60});
    sunny += hours > 6 ? 1 : 0;
    grey += hours < 3 ? 1 : 0;
  }
  EXPECT_GT(sunny, 12);
  EXPECT_GT(grey, 12);
}

time::TimeZone zone_of(std::string_view name) {
  auto zone = time::TimeZone::find(name);
  EXPECT_TRUE(zone) << zone.error().detail;
  return zone ? *zone : time::TimeZone();
}

TEST(World, FollowsTheSitesClock) {
  const World utc({});
  const World east({.zone = zone_of("<+02>-2")});
  EXPECT_EQ(utc.at(kMidsummer).local_ms, 0);
  EXPECT_EQ(east.at(kMidsummer).local_ms, 2 * kHour_ms);
  EXPECT_EQ(local_day(east.at(kMidsummer + std::chrono::hours{22})),
            local_day(east.at(kMidsummer)) + 1);
  EXPECT_EQ(local_day(utc.at(kMidsummer + std::chrono::hours{22})), local_day(utc.at(kMidsummer)));
}

// The clocks are put forward at 01:00 UTC of March 30, 2025.
TEST(World, FollowsTheChangesOfTheSitesClock) {
  const World site({.zone = zone_of("CET-1CEST,M3.5.0,M10.5.0/3")});
  const TimePoint change{std::chrono::sys_days{std::chrono::March / 30 / 2025} +
                         std::chrono::hours{1}};
  const Environment before = site.at(change - Millis{1});
  const Environment after = site.at(change);
  EXPECT_EQ(before.utc_offset, std::chrono::hours{1});
  EXPECT_EQ(before.local_ms, 2 * kHour_ms - 1);
  EXPECT_EQ(after.utc_offset, std::chrono::hours{2});
  EXPECT_EQ(after.local_ms, 3 * kHour_ms);
  EXPECT_EQ(local_day(after), local_day(before));
}

}  // namespace
}  // namespace gridloom::sim
