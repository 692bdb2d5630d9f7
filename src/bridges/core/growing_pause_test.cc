#include "bridges/core/growing_pause.h"

#include <gtest/gtest.h>

namespace gridloom::bridges {
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

TEST(GrowingPause, IsAsLongAsThePeerAsks) {
  GrowingPause pause;
  EXPECT_EQ(pause.next(seconds(300)), seconds(300));
  EXPECT_EQ(pause.next(seconds(1)), seconds(2)) << "never shorter than its own";
}

}  // namespace
}  // namespace gridloom::bridges
