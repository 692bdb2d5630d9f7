#include "sim/decay.h"

#include <gtest/gtest.h>

#include <cmath>

namespace gridloom::sim {
namespace {

TEST(Decay, FollowsTheLengthOfTheStep) {
  Decay decay(600);
  for (const double seconds : {2.0, 2.0, 0.001, 60.0, 2.0, 0.0, 0.0, 60.0}) {
    EXPECT_EQ(decay.over(seconds), std::exp(-seconds / 600)) << seconds;
  }
}

TEST(Decay, IsNoneInNoTime) { EXPECT_EQ(Decay(600).over(0), 1); }

}  // namespace
}  // namespace gridloom::sim
