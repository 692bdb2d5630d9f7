#include "bridges/mirror/rhythm.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bridges/mirror/test_published_clients.h"

namespace gridloom::bridges::mirror {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(Rhythm, IsNowhereFasterThanAPublishedClient) {
  const Rhythm ours;
  for (const PublishedClient& each : kPublishedClients) {
    const Millis pause = each.ask == Ask::kCertificate ? ours.certificate
                         : each.of_one_device          ? ours.quotas
                                                       : ours.between_quotas;
    EXPECT_GE(pause, each.pause) << each.name << ": " << name_of(each.ask);
  }
}

TEST(Rhythm, IsScaledAsAWhole) {
  const Rhythm fast = rhythm_of(Millis(100));
  EXPECT_EQ(fast.between_quotas, Millis(100));
  EXPECT_EQ(fast.quotas, Millis(600));
  EXPECT_EQ(fast.refused_most, Millis(9000));
  EXPECT_EQ(rhythm_of(seconds(10)).wake, Rhythm().wake);
}

TEST(Rhythm, ARefusalIsTheDevicesOrTheAccounts) {
  EXPECT_EQ(refusal_of(ErrorCode::kModelNotAllowed), Refusal::kDevice);
  EXPECT_EQ(refusal_of(ErrorCode::kNoPermission), Refusal::kDevice);
  EXPECT_EQ(refusal_of(ErrorCode::kWrongSignature), Refusal::kAccount);
  EXPECT_EQ(refusal_of(ErrorCode::kUnknownKey), Refusal::kAccount);
  EXPECT_EQ(refusal_of(ErrorCode::kConflict), Refusal::kAccount);   // 429, 503
  EXPECT_EQ(refusal_of(ErrorCode::kInternal), Refusal::kAccount);   // "Server is too busy"
  EXPECT_EQ(refusal_of(ErrorCode::kMalformed), Refusal::kAccount);  // a proxy's error page
  EXPECT_EQ(refusal_of(ErrorCode::kIo), Refusal::kUnreachable);
}

TEST(Backoff, PausesGrowToALimitAndEndWithASuccess) {
  Backoff backoff({.first = seconds(15), .most = seconds(900)}, Chance(1));
  const Moment now{hours(1)};
  EXPECT_FALSE(backoff.holds(now));
  Millis last{0};
  for (const int expected_s : {15, 30, 60, 120, 240, 480, 900, 900, 900}) {
    backoff.failed(now);
    const Millis expected = seconds(expected_s);
    EXPECT_TRUE(backoff.holds(now + expected * 3 / 4 - Millis(1)));
    EXPECT_FALSE(backoff.holds(now + expected * 5 / 4));
    EXPECT_GE(expected, last);
    last = expected;
  }
  backoff.succeeded();
  EXPECT_FALSE(backoff.holds(now));
}

}  // namespace
}  // namespace gridloom::bridges::mirror
