#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/models/test_power_stream_invariants.h"
#include "sim/test_bench.h"

namespace gridloom::sim {
namespace {

constexpr Millis kHour{kHour_ms};

struct PowerStream : testing::Test {
  Bench bench{family_of("power_stream")};

  [[nodiscard]] std::int64_t get(std::string_view name) const {
    return static_cast<std::int64_t>(bench.number("20_1." + std::string(name)));
  }
  wire::JsonObject set(std::string_view code, std::string_view params) {
    return bench.set(R"({"id":1,"cmdCode":"WN511_)" + std::string(code) + R"(","params":)" +
                     std::string(params) + "}");
  }
  void shine(double sun) {
    bench.site = [sun](Environment& environment) {
      environment.sun = sun;
      environment.sun_direction.reset();
    };
  }
  // Until the inverter has followed its demand.
  void settle() {
    for (int k = 0; k < 15; ++k) bench.step(Millis{2000});
  }
};

TEST_F(PowerStream, StopsDischargingAtItsLowerLimit) {
  shine(0);
  set("SET_PERMANENT_WATTS_PACK", R"({"permanentWatts":3000})");
  set("SET_BAT_LOWER_PACK", R"({"lowerLimit":30})");
  bench.run(2 * kHour);
  EXPECT_NEAR(static_cast<double>(get("batSoc")), 30, 1) << "a minute may go past it";
  EXPECT_EQ(get("batInputWatts"), 0);
  EXPECT_EQ(get("uwsocFlag"), 1);
  set("SET_BAT_LOWER_PACK", R"({"lowerLimit":10})");
  settle();
  EXPECT_GT(get("batInputWatts"), 0);
}

TEST_F(PowerStream, GivesNoMoreThanIsLeftInAnEmptyingBattery) {
  shine(0);
  set("SET_PERMANENT_WATTS_PACK", R"({"permanentWatts":6000})");
  set("SET_BAT_LOWER_PACK", R"({"lowerLimit":1})");
  Invariants invariants = power_stream_invariants(table_of("power_stream"));
  // Whatever charge is left when the last minute begins.
  for (int second = 1; second <= 60; ++second) {
    bench.step(Millis{second * 1000});
    for (int minute = 0; minute < 90; ++minute) {
      bench.step(Millis{kMinute_ms});
      invariants.expect(bench.fields(), bench.environment());
    }
    EXPECT_EQ(get("invOutputWatts"), 0);
    shine(0.9);
    bench.run(Millis{6 * kMinute_ms});
    shine(0);
  }
}

TEST_F(PowerStream, StopsChargingAtItsUpperLimitAndHoldsTheSunBack) {
  shine(0.9);
  set("SET_PERMANENT_WATTS_PACK", R"({"permanentWatts":0})");
  set("SET_BAT_UPPER_PACK", R"({"upperLimit":70})");
  bench.run(3 * kHour);
  EXPECT_NEAR(static_cast<double>(get("batSoc")), 70, 1);
  EXPECT_EQ(get("invLoadLimitFlag"), 1);
  EXPECT_EQ(get("antiBackFlowFlag"), 1);
}

TEST_F(PowerStream, GivesTheBatteryTheSunFirstWhereThatIsAskedFor) {
  shine(0.5);
  set("SET_PERMANENT_WATTS_PACK", R"({"permanentWatts":2000})");
  settle();
  EXPECT_GT(get("invOutputWatts"), 1900);
  set("SET_SUPPLY_PRIORITY_PACK", R"({"supplyPriority":1})");
  EXPECT_EQ(get("batInputWatts"), -get("pvToInvWatts"));
  EXPECT_EQ(get("invOutputWatts"), 0);
}

TEST_F(PowerStream, NeverGivesMoreThanItsRating) {
  shine(1);
  bench.site = [](Environment& environment) {
    environment.sun = 1;
    environment.household_w = 9000;
  };
  set("SET_PERMANENT_WATTS_PACK", R"({"permanentWatts":8000})");
  settle();
  EXPECT_EQ(get("invOutputWatts"), 8000);
  EXPECT_EQ(get("uwloadLimitFlag"), 1);
}

TEST_F(PowerStream, TakesNoMoreForOtherLoadsThanItsRating) {
  Bench small(family_of("power_stream"), {.setup = {.initial = {{"20_1.ratedPower", 6000}}}});
  const auto ack_of = [&small](int dw) {
    const wire::JsonObject reply =
        small.set({{"id", 1},
                   {"cmdCode", "WN511_SET_PERMANENT_WATTS_PACK"},
                   {"params", wire::JsonObject{{"permanentWatts", dw}}}});
    return reply.at("data").at("ack");
  };
  EXPECT_EQ(ack_of(8000), 1);
  EXPECT_EQ(small.number("20_1.permanentWatts"), 1000) << "nothing was written";
  EXPECT_EQ(ack_of(6000), 0);
  EXPECT_EQ(small.number("20_1.permanentWatts"), 6000);
}

TEST_F(PowerStream, ShowsThatATaskWasDeleted) {
  const auto is_enabled = [this] {
    return bench.fields()
        .get(*table_of("power_stream")->find("20_134.task2"))
        .at("timeRange")
        .at("isEnable");
  };
  EXPECT_EQ(is_enabled(), true);
  set("DELETE_TIME_TASK", R"({"taskIndex":1})");
  EXPECT_EQ(is_enabled(), false);
}

TEST_F(PowerStream, FollowsItsDemandAfterADeadTimeAndAlongARamp) {
  bench.site = [](Environment& environment) {
    environment.sun = 0;
    environment.household_w = 0;
  };
  set("SET_PERMANENT_WATTS_PACK", R"({"permanentWatts":0})");
  settle();
  set("SET_PERMANENT_WATTS_PACK", R"({"permanentWatts":4000})");
  EXPECT_EQ(get("invDemandWatts"), 4000) << "it knows at once what is wanted";
  EXPECT_EQ(get("invOutputWatts"), 0);
  bench.step(Millis{2000});
  EXPECT_EQ(get("invOutputWatts"), 0) << "the dead time";
  bench.step(Millis{2000});
  bench.step(Millis{2000});
  EXPECT_GT(get("invOutputWatts"), 0);
  EXPECT_LT(get("invOutputWatts"), 4000) << "the ramp";
  settle();
  EXPECT_EQ(get("invOutputWatts"), 4000);
  set("SET_PERMANENT_WATTS_PACK", R"({"permanentWatts":1000})");
  EXPECT_EQ(get("invOutputWatts"), 4000) << "for seconds it gives more than is wanted";
  settle();
  EXPECT_EQ(get("invOutputWatts"), 1000) << "with feedProtect nothing flows into the grid for long";
}

// A controller that reads the meter of a home of 350 W every two seconds, and adds `gain` of what
// it reads to the inverter's power. Returns how far the meter still swings after two minutes, in W.
// It may be above a demand that has just fallen, but not above one that it had the time to reach.
TEST_F(PowerStream, GivesNoMoreThanADemandThatHasStayedTheSame) {
  constexpr Millis kStep{2000};
  constexpr Millis kSettles{4000 + 800'000 / 60 + 2000};  // dead time, ramp and a step
  constexpr int kWeek = 7 * 24 * 1800;
  const Chance chance(1);
  std::int64_t demand_dw = -1;
  Millis constant{0};
  int settled = 0;
  for (int k = 0; k < kWeek; ++k) {
    // On every other day the demand is all set, which keeps it constant for longer.
    const bool sets = k / (24 * 1800) % 2 == 1;
    bench.site = [sets](Environment& environment) {
      if (sets) environment.household_w = 0;
    };
    if (sets && k % 45 == 0) {
      const auto wanted_dw = static_cast<int>(8000 * chance.uniform(static_cast<unsigned>(k)));
      set("SET_PERMANENT_WATTS_PACK", fmt::format(R"({{"permanentWatts":{}}})", wanted_dw));
    }
    bench.step(kStep);
    bench.said.clear();
    const std::int64_t now_dw = get("invDemandWatts");
    constant = now_dw == demand_dw ? constant + kStep : Millis{0};
    demand_dw = now_dw;
    if (constant < kSettles) continue;
    ++settled;
    ASSERT_LE(get("invOutputWatts"), demand_dw) << "step " << k;
  }
  EXPECT_GT(settled, 20'000);
}

struct Controlled : PowerStream {
  [[nodiscard]] double swing_w(double gain) {
    bench.site = [](Environment& environment) {
      environment.sun = 0;
      environment.household_w = 0;
    };
    const Chance noise = Chance(5).split("meter");
    constexpr double kHome_w = 350;
    constexpr std::uint64_t kReadings = 180;
    constexpr std::uint64_t kSettled = 60;
    double power_w = 0;
    double least_w = kHome_w;
    double most_w = -kHome_w;
    for (std::uint64_t k = 0; k < kReadings; ++k) {
      bench.step(Millis{2000});
      const double meter_w =
          kHome_w - static_cast<double>(get("invOutputWatts")) / 10 + 4 * noise.normal(k);
      if (k >= kSettled) {
        least_w = std::min(least_w, meter_w);
        most_w = std::max(most_w, meter_w);
      }
      power_w = std::clamp(power_w + gain * meter_w, 0.0, 800.0);
      set("SET_PERMANENT_WATTS_PACK",
          R"({"permanentWatts":)" + std::to_string(std::lround(10 * power_w)) + "}");
    }
    return most_w - least_w;
  }
};

TEST_F(Controlled, SwingsUnderAControllerThatAddsTheWholeMeter) { EXPECT_GT(swing_w(1), 300); }
TEST_F(Controlled, SettlesUnderAControllerThatAddsAFifthOfTheMeter) { EXPECT_LT(swing_w(0.2), 60); }

TEST_F(PowerStream, DeletesATaskOnce) {
  const auto ack = [](const wire::JsonObject& reply) {
    return reply.at("data").at("ack").to_number<int>();
  };
  EXPECT_EQ(ack(set("DELETE_TIME_TASK", R"({"taskIndex":1})")), 0);
  EXPECT_EQ(ack(set("DELETE_TIME_TASK", R"({"taskIndex":1})")), 1);
  EXPECT_EQ(ack(set("DELETE_TIME_TASK", R"({"taskIndex":10})")), 1);
  const wire::Json task = bench.fields().get("20_134.task2");
  EXPECT_EQ(task.at("taskIndex"), wire::Json(1));
  EXPECT_EQ(task.at("timeRange").at("isConfig"), wire::Json(false));
}

}  // namespace
}  // namespace gridloom::sim
