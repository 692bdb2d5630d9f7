#include "sim/walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/chance.h"
#include "sim/quick_noise.h"

namespace gridloom::sim {
namespace {

constexpr std::int64_t kMinute_ms = 60'000;
constexpr std::int64_t kBegin_ms = 1'750'000'000'000;

struct WalkTest : testing::Test {
  QuickNoise noise{Chance(1)};

  // The standard deviation of the change in so many minutes.
  double deviation(const Walk& walk, int minutes) {
    constexpr int kTimes = 20'000;
    double sum = 0;
    for (int k = 0; k < kTimes; ++k) {
      // Not in step with any of its noises.
      const std::int64_t from_ms = kBegin_ms + k * (minutes * kMinute_ms + 7'130'000);
      const double change =
          walk.at(from_ms + minutes * kMinute_ms, noise, 3) - walk.at(from_ms, noise, 3);
      sum += change * change;
    }
    return std::sqrt(sum / kTimes);
  }
};

TEST_F(WalkTest, ChangesByTheSquareRootOfTheTime) {
  const Walk walk(2, 1000);
  for (const int minutes : {1, 4, 25, 100}) {
    const double usual = 2 * std::sqrt(minutes);
    EXPECT_NEAR(deviation(walk, minutes), usual, 0.06 * usual) << minutes;
  }
}

TEST_F(WalkTest, GoesAsFarAsItsSpanAndNotMuchFarther) {
  const Walk walk(1, 30);
  double least = 0;
  double most = 0;
  for (std::int64_t hour = 0; hour < 24 * 60; ++hour) {
    const double value = walk.at(kBegin_ms + hour * 60 * kMinute_ms, noise, 0);
    least = std::min(least, value);
    most = std::max(most, value);
  }
  EXPECT_GT(most - least, 30);
  EXPECT_LT(most - least, 30 * 10);
}

TEST_F(WalkTest, HoldsAValueForAWhileAndIsAnotherOneForEachNumber) {
  const Walk walk(1, 30);
  const std::int64_t held_ms = kBegin_ms / Walk::kHolds_ms * Walk::kHolds_ms;
  const double value = walk.at(held_ms, noise, 1);
  EXPECT_EQ(walk.at(held_ms + Walk::kHolds_ms - 1, noise, 1), value);
  EXPECT_NE(walk.at(held_ms + Walk::kHolds_ms, noise, 1), value);
  EXPECT_NE(walk.at(held_ms, noise, 2), value);
  EXPECT_NE(walk.at(held_ms, QuickNoise(Chance(2)), 1), value);
}

}  // namespace
}  // namespace gridloom::sim
