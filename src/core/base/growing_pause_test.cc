#include "base/growing_pause.h"

#include <gtest/gtest.h>

namespace gridloom {
namespace {

using std::chrono::seconds;

TEST(GrowingPause, DoublesUpToAMinute) {
  GrowingPause pause;
  for (const int expected_s : {1, 2, 4, 8, 16, 32, 60, 60}) {
    EXPECT_EQ(pause.next(), seconds(expected_s));
  }
  pause.reset();
  EXPECT_EQ(pause.next(), seconds(1));
}

TEST(GrowingPause, HasTheLimitsThatItIsGiven) {
  GrowingPause pause({.shortest = Millis(250), .longest = Millis(600)});
  for (const int expected_ms : {250, 500, 600, 600}) {
    EXPECT_EQ(pause.next(), Millis(expected_ms));
  }
}

TEST(GrowingPause, IsAsLongAsThePeerAsks) {
  GrowingPause pause;
  EXPECT_EQ(pause.next(seconds(300)), seconds(300));
  EXPECT_EQ(pause.next(seconds(1)), seconds(2)) << "never shorter than its own";
}

}  // namespace
}  // namespace gridloom
