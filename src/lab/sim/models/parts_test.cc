#include "sim/models/parts.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "sim/decay.h"

namespace gridloom::sim {
namespace {

TEST(Latch, HoldsBetweenItsTwoValuesInEitherDirection) {
  const struct {
    Latch::Band band;
    double value;
    bool on;
  } rows[] = {{{.from = 90, .until = 80}, 89, false}, {{.from = 90, .until = 80}, 90, true},
              {{.from = 90, .until = 80}, 81, true},  {{.from = 90, .until = 80}, 80, false},
              {{.from = 90, .until = 80}, 85, false}, {{.from = 5, .until = 10}, 6, false},
              {{.from = 5, .until = 10}, 5, true},    {{.from = 5, .until = 10}, 9, true},
              {{.from = 5, .until = 10}, 10, false}};
  Latch latch;
  for (const auto& row : rows) {
    latch.update(row.value, row.band);
    EXPECT_EQ(latch.on(), row.on) << row.value;
  }
  latch.update(1, {.from = 5, .until = 10});
  latch.release();
  EXPECT_FALSE(latch.on());
}

TEST(Latch, ObeysANewLimitAtOnce) {
  Latch full;
  full.update_at_limit(58, {.from = 55, .until = 50});
  full.update_at_limit(56, {.from = 55, .until = 50});
  EXPECT_TRUE(full.on());
  full.update_at_limit(56, {.from = 58, .until = 53});
  EXPECT_FALSE(full.on());
  full.update_at_limit(56, {.from = 54, .until = 49});
  EXPECT_TRUE(full.on());
  Latch restored;
  restored.restore(true);
  restored.update_at_limit(56, {.from = 58, .until = 53});
  EXPECT_TRUE(restored.on()) << "the limit is the one of before";
}

TEST(Settle, IsTheSameInOneStepAsInMany) {
  Decay decay(100);
  const double at_once = settle(10, {.to = 50, .decay = decay.over(60)});
  double in_steps = 10;
  for (int k = 0; k < 30; ++k) in_steps = settle(in_steps, {.to = 50, .decay = decay.over(2)});
  EXPECT_NEAR(at_once, in_steps, 1e-9);
  EXPECT_EQ(settle(10, {.to = 50, .decay = decay.over(0)}), 10);
}

TEST(Taper, FallsInAStraightLine) {
  constexpr Taper kTaper = {.from_percent = 80, .end_share = 0.2};
  EXPECT_EQ(kTaper.at(0), 1);
  EXPECT_EQ(kTaper.at(80), 1);
  EXPECT_NEAR(kTaper.at(90), 0.6, 1e-12);
  EXPECT_NEAR(kTaper.at(100), 0.2, 1e-12);
}

TEST(IdleTimer, RunsOutOnlyWithoutABreakAndNeverWithALimitOfNought) {
  constexpr TimePoint kBegin{std::chrono::sys_days{std::chrono::April / 10 / 2025}};
  IdleTimer timer;
  timer.idle(kBegin, Millis{1});
  timer.idle(kBegin + Millis{59'998}, Millis{2000});
  EXPECT_FALSE(timer.reached(1));
  timer.idle(kBegin + Millis{59'999}, Millis{1});
  EXPECT_TRUE(timer.reached(1));
  EXPECT_FALSE(timer.reached(2));
  EXPECT_FALSE(timer.reached(0));
  timer.busy(kBegin);
  EXPECT_FALSE(timer.reached(1));
}

TEST(IdleTimer, GoesByTheClockWhateverTheStepsAre) {
  constexpr TimePoint kBegin{std::chrono::sys_days{std::chrono::April / 10 / 2025}};
  IdleTimer timer;
  timer.busy(kBegin);
  timer.idle(kBegin + Millis{60'000}, Millis{59'997});  // three commands have taken a little
  EXPECT_TRUE(timer.reached(1));
  timer.idle(kBegin + Millis{3'600'000}, Millis{60'000});  // a step that was cut
  EXPECT_TRUE(timer.reached(60));
  timer.busy(kBegin);
  timer.idle(kBegin + Millis{60'000}, Millis{60'000});
  timer.idle(kBegin, Millis{2000});  // the clock was set back
  EXPECT_TRUE(timer.reached(1));
  EXPECT_FALSE(timer.reached(2));
}

TEST(RoundTo, RoundsToParts) {
  EXPECT_EQ(round_to(1.26, 10), 1.3);
  EXPECT_EQ(round_to(-1.005, 1), -1);
  EXPECT_EQ(floor_to(1.26, 10), 1.2);
  EXPECT_EQ(floor_to(-1.26, 10), -1.3);
}

}  // namespace
}  // namespace gridloom::sim
