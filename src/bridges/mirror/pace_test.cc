#include "bridges/mirror/pace.h"

#include <gtest/gtest.h>

#include <chrono>
#include <tuple>

namespace gridloom::bridges::mirror {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Moment kStart{hours(24)};

TEST(Pace, HasOneRequestAtATimeAndAPauseBetweenTwo) {
  Pace pace{Rhythm(), Chance(0)};
  EXPECT_TRUE(pace.allows(kStart));
  pace.asked(kStart);
  EXPECT_FALSE(pace.allows(kStart + hours(1)));  // no answer yet
  pace.succeeded();
  EXPECT_FALSE(pace.allows(kStart + Millis(999)));
  EXPECT_TRUE(pace.allows(kStart + seconds(1)));
}

TEST(Pace, LeavesACloudAloneForLongerAfterARefusalThanWithoutAnAnswer) {
  for (const auto& [refusal, least, most] :
       {std::tuple(Refusal::kAccount, 11, 19), std::tuple(Refusal::kUnreachable, 3, 7)}) {
    Pace pace{Rhythm(), Chance(0)};
    pace.asked(kStart);
    pace.refused(refusal, kStart);
    EXPECT_FALSE(pace.allows(kStart + seconds(least)));
    EXPECT_TRUE(pace.allows(kStart + seconds(most)));
    pace.asked(kStart + seconds(most));
    pace.succeeded();
    EXPECT_TRUE(pace.allows(kStart + seconds(most + 1)));  // all is well again
  }
}

TEST(Pace, CountsTheRequestsOfAnHour) {
  Pace pace{Rhythm(), Chance(0)};
  for (int i = 0; i < 90; ++i) pace.asked(kStart + minutes(i));
  EXPECT_EQ(pace.requests_in_hour(kStart + minutes(89)), 60U);
  EXPECT_EQ(pace.requests_in_hour(kStart + minutes(140)), 9U);
}

}  // namespace
}  // namespace gridloom::bridges::mirror
