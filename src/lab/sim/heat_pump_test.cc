#include "sim/heat_pump.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string_view>

#include "sim/models/parts.h"

namespace gridloom::sim {
namespace {

constexpr HeatPump::Options kBox{
    .power_w = 45, .least_w = 20, .fan_w = 2, .cop = 2, .capacity_wh_per_k = 8, .loss_w_per_k = 1};

struct Row {
  std::string_view name;
  HeatPump::Settings settings;
  double air_c = 20;
  double given = 1;  // fraction of what it asks for
  double settles_c = 0;
};
std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

class HeatPumps : public testing::TestWithParam<Row> {};

TEST_P(HeatPumps, KeepTheirTargetWithThePowerThatTheyGet) {
  const Row& row = GetParam();
  HeatPump pump(kBox, Chance(1), 20);
  pump.set(row.settings);
  for (int minute = 0; minute < 3 * 24 * 60; ++minute) {
    const TimePoint now{Millis{minute * kMinute_ms}};
    const double asked_w = pump.demand_w({.now = now, .air_c = row.air_c}, Millis{kMinute_ms});
    ASSERT_LE(asked_w, row.settings.share * kBox.power_w + kBox.fan_w);
    pump.run(row.given * asked_w, row.air_c, Millis{kMinute_ms});
  }
  EXPECT_NEAR(pump.temperature_c(), row.settles_c, 0.7);
}

INSTANTIATE_TEST_SUITE_P(
    , HeatPumps,
    testing::Values(
        Row{.name = "cools", .settings = {.target_c = -10}, .settles_c = -10},
        Row{.name = "heats", .settings = {.heats = true, .target_c = 30}, .settles_c = 30},
        Row{.name = "does_not_heat", .settings = {.target_c = 30}, .settles_c = 20},
        Row{.name = "is_off",
            .settings = {.on = false, .target_c = 0},
            .air_c = 15,
            .settles_c = 15},
        Row{.name = "has_too_little_power",
            .settings = {.target_c = -100, .share = 0.5},
            .settles_c = 20 - 0.5 * 45 * 2},
        Row{.name = "gets_no_power", .settings = {.target_c = 0}, .given = 0, .settles_c = 20}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(HeatPump, LosesMoreThroughAnOpenDoorWhichPeopleOpen) {
  HeatPump::Options options = kBox;
  options.opens_per_day = 200;
  options.open_w_per_k = 50;
  const auto warmed_k = [&](bool has_people) {
    HeatPump pump(options, Chance(1), 0);
    pump.set({.on = false});
    bool opened = false;
    for (int step = 0; step < 360; ++step) {
      const TimePoint now{Millis{step * 10'000}};
      (void)pump.demand_w({.now = now, .air_c = 20, .has_people = has_people}, Millis{10'000});
      pump.run(0, 20, Millis{10'000});
      opened = opened || pump.is_open();
    }
    EXPECT_EQ(opened, has_people);
    return pump.temperature_c();
  };
  EXPECT_GT(warmed_k(true), warmed_k(false) + 0.5);
}

TEST(HeatPump, ADoorIsOpenedAtTheSameTimesWhateverTheSteps) {
  HeatPump::Options options = kBox;
  options.opens_per_day = 40;
  const auto open_s = [&](std::int64_t each_s) {
    HeatPump pump(options, Chance(1), 0);
    int steps = 0;
    for (std::int64_t gone_s = each_s; gone_s <= 86'400; gone_s += each_s) {
      (void)pump.demand_w({.now = TimePoint{Millis{gone_s * 1000}}, .air_c = 20},
                          Millis{each_s * 1000});
      steps += pump.is_open() ? 1 : 0;
    }
    return steps;
  };
  EXPECT_GT(open_s(60), 20);
  EXPECT_LE(open_s(60), 2 * 60) << "some reach into a second minute";
  EXPECT_GT(open_s(2), 3 * open_s(60)) << "a door is open for 22 s on average";
}

}  // namespace
}  // namespace gridloom::sim
