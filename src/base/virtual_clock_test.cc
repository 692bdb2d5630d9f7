#include "base/virtual_clock.h"

#include <gtest/gtest.h>

namespace gridloom {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{Millis(1'772'323'200'000)};  // 2026-03-01 00:00 UTC

class Wall final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return at; }
  TimePoint at{Millis(1'700'000'000'000)};
};

struct VirtualClockTest : testing::Test {
  Millis passed() const { return time.now() - kStart; }

  Wall wall;
  VirtualClock time{wall, {.start = kStart, .speed = 60}};
};

TEST_F(VirtualClockTest, RunsFromItsStartAsFastAsItIsTold) {
  EXPECT_EQ(time.now(), kStart);
  wall.at += 2s;
  EXPECT_EQ(passed(), 2min);
  time.set_speed(3600);
  EXPECT_EQ(passed(), 2min) << "what was stays";
  wall.at += 1s;
  EXPECT_EQ(passed(), 62min);
  time.set_speed(0.5);
  wall.at += 1s;
  EXPECT_EQ(passed(), 62min + 500ms);
}

TEST_F(VirtualClockTest, StandsWhileItIsPaused) {
  time.pause();
  wall.at += 1s;
  EXPECT_EQ(passed(), 0s);
  EXPECT_TRUE(time.state().paused);
  time.set_speed(1);
  EXPECT_TRUE(time.state().paused);
  time.resume();
  wall.at += 1s;
  EXPECT_EQ(passed(), 1s);
  EXPECT_FALSE(time.state().paused);
}

TEST_F(VirtualClockTest, PausesAtItsEndAndGoesOnBeyondIt) {
  VirtualClock ends{wall, {.start = kStart, .speed = 60, .until = kStart + 90s}};
  wall.at += 1s;
  EXPECT_FALSE(ends.state().paused);
  ends.set_speed(30);
  wall.at += 10s;
  EXPECT_EQ(ends.now() - kStart, 90s) << "the same end";
  EXPECT_TRUE(ends.state().paused);
  wall.at += 1h;
  EXPECT_EQ(ends.now() - kStart, 90s);
  ends.resume();
  EXPECT_EQ(ends.now() - kStart, 90s) << "the hour does not count";
  wall.at += 1s;
  EXPECT_EQ(ends.now() - kStart, 120s);
}

TEST_F(VirtualClockTest, AStepEndsPaused) {
  time.pause();
  time.step(15min);
  EXPECT_FALSE(time.state().paused);
  EXPECT_EQ(time.speed(), VirtualClock::kFastest);
  wall.at += 1s;
  EXPECT_EQ(passed(), 15min);
  EXPECT_TRUE(time.state().paused);
  EXPECT_EQ(time.state().speed, 60);
  time.step(1ms);
  wall.at += 1s;
  EXPECT_EQ(passed(), 15min + 1ms);
  time.resume();
  wall.at += 1s;
  EXPECT_EQ(passed(), 16min + 1ms);
}

TEST_F(VirtualClockTest, GoesNoFurtherThanDevicesAllow) {
  time.allow_until(kStart + 30s);
  wall.at += 1s;
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
  wall.at += 10s;
  time.set_speed(2);
  wall.at -= 1h;
  EXPECT_EQ(passed(), 10min);
  time.allow_until(kStart);
  EXPECT_EQ(passed(), 10min);
}

}  // namespace
}  // namespace gridloom
