#include "base/log_throttle.h"

#include <gtest/gtest.h>

namespace gridloom {
namespace {

TEST(LogThrottle, SaysSoOftenWithinASpanAndCountsTheRest) {
  LogThrottle seldom({.times = 2, .within = Millis(1000)});
  const TimePoint start{Millis(5000)};
  EXPECT_EQ(seldom.admit(start), 0U);
  EXPECT_EQ(seldom.admit(start + Millis(1)), 0U);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(seldom.admit(start + Millis(999)), std::nullopt);
  EXPECT_EQ(seldom.admit(start + Millis(1000)), 7U);
  EXPECT_EQ(seldom.admit(start + Millis(1001)), 0U);
  EXPECT_EQ(seldom.admit(start + Millis(1002)), std::nullopt);
}

TEST(LogThrottle, AClockThatIsSetBackDoesNotSilenceIt) {
  LogThrottle seldom({.times = 1, .within = Millis(1000)});
  EXPECT_EQ(seldom.admit(TimePoint(Millis(9000))), 0U);
  EXPECT_EQ(seldom.admit(TimePoint(Millis(100))), 0U);
}

}  // namespace
}  // namespace gridloom
