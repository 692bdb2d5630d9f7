#include "base/virtual_clock.h"

#include <gtest/gtest.h>

#include "testing/clock.h"

namespace gridloom {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{Millis(1'772'323'200'000)};  // 2026-03-01 00:00 UTC

struct VirtualClockTest : testing::Test {
  Millis passed() const { return time.now() - kStart; }

  TestClock wall;
  VirtualClock time{wall, {.start = kStart, .speed = 60}};
};

TEST_F(VirtualClockTest, RunsFromItsStartAtTheGivenSpeed) {
  EXPECT_EQ(time.now(), kStart);
  wall.pass(2s);
  EXPECT_EQ(passed(), 2min);
  time.set_speed(3600);
  EXPECT_EQ(passed(), 2min) << "what was stays";
  wall.pass(1s);
  EXPECT_EQ(passed(), 62min);
  time.set_speed(0.5);
  wall.pass(1s);
  EXPECT_EQ(passed(), 62min + 500ms);
}

TEST_F(VirtualClockTest, StandsWhileItIsPaused) {
  time.pause();
  wall.pass(1s);
  EXPECT_EQ(passed(), 0s);
  EXPECT_TRUE(time.state().paused);
  time.set_speed(1);
  EXPECT_TRUE(time.state().paused);
  time.resume();
  wall.pass(1s);
  EXPECT_EQ(passed(), 1s);
  EXPECT_FALSE(time.state().paused);
}

TEST_F(VirtualClockTest, PausesAtItsEndAndResumesBeyondIt) {
  VirtualClock ends{wall, {.start = kStart, .speed = 60, .until = kStart + 90s}};
  wall.pass(1s);
  EXPECT_FALSE(ends.state().paused);
  ends.set_speed(30);
  wall.pass(10s);
  EXPECT_EQ(ends.now() - kStart, 90s) << "the same end";
  EXPECT_TRUE(ends.state().paused);
  wall.pass(1h);
  EXPECT_EQ(ends.now() - kStart, 90s);
  ends.resume();
  EXPECT_EQ(ends.now() - kStart, 90s) << "the hour does not count";
  wall.pass(1s);
  EXPECT_EQ(ends.now() - kStart, 120s);
}

TEST_F(VirtualClockTest, AStepEndsPaused) {
  time.pause();
  time.step(15min);
  EXPECT_FALSE(time.state().paused);
  EXPECT_EQ(time.speed(), VirtualClock::kFastest);
  wall.pass(1s);
  EXPECT_EQ(passed(), 15min);
  EXPECT_TRUE(time.state().paused);
  EXPECT_EQ(time.state().speed, 60);
  time.step(1ms);
  wall.pass(1s);
  EXPECT_EQ(passed(), 15min + 1ms);
  time.resume();
  wall.pass(1s);
  EXPECT_EQ(passed(), 16min + 1ms);
}

TEST_F(VirtualClockTest, RunsNoFurtherThanDevicesAllow) {
  time.allow_until(kStart + 30s);
  wall.pass(1s);
  EXPECT_EQ(passed(), 30s);
  time.allow_until(kStart + 45s);
  EXPECT_EQ(passed(), 45s);
  time.pause();
  time.allow_until(kStart + 1h);
  EXPECT_EQ(passed(), 45s);
  EXPECT_TRUE(time.state().settled) << "nobody said how far it is settled";
  time.settled_until(kStart + 44s);
  EXPECT_FALSE(time.state().settled);
  time.settled_until(kStart + 45s);
  EXPECT_TRUE(time.state().settled);
}

TEST_F(VirtualClockTest, NeverGoesBack) {
  wall.pass(10s);
  time.set_speed(2);
  wall.pass(-1h);
  EXPECT_EQ(passed(), 10min);
  time.allow_until(kStart);
  EXPECT_EQ(passed(), 10min);
}

TEST_F(VirtualClockTest, SkipsToALaterTimeOnly) {
  wall.pass(1s);
  time.skip_to(kStart + 1h);
  EXPECT_EQ(passed(), 1h);
  wall.pass(1s);
  EXPECT_EQ(passed(), 1h + 1min) << "and runs on from there";
  time.skip_to(kStart);
  EXPECT_EQ(passed(), 1h + 1min);
}

TEST_F(VirtualClockTest, TheRateIsThatOfTheDevicesTime) {
  EXPECT_EQ(rate_of(nullptr), 1);
  EXPECT_EQ(rate_of(&time), 60);
  time.pause();
  EXPECT_EQ(rate_of(&time), 0);
}

}  // namespace
}  // namespace gridloom
