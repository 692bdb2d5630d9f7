#include "base/request_rate.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace gridloom {
namespace {

constexpr TimePoint kNow{Millis(1'700'000'000'000)};

TEST(RequestRate, ASecondsWorthAtOnceAndNotOneMore) {
  RequestRate rate(5);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(rate.wait("a", kNow)) << i;
  EXPECT_EQ(rate.wait("a", kNow), Millis(200));
  EXPECT_EQ(rate.wait("a", kNow + Millis(150)), Millis(50));
  EXPECT_FALSE(rate.wait("b", kNow)) << "another key";
  EXPECT_FALSE(rate.wait("a", kNow + Millis(200)));
  EXPECT_TRUE(rate.wait("a", kNow + Millis(200)));
}

TEST(RequestRate, AskingBeforehandTakesNothing) {
  RequestRate rate(5);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(rate.would_wait("a", kNow));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(rate.wait("a", kNow)) << i;
  EXPECT_EQ(rate.would_wait("a", kNow), Millis(200));
  EXPECT_EQ(rate.would_wait("a", kNow + Millis(150)), Millis(50));
  EXPECT_FALSE(rate.would_wait("a", kNow + Millis(200)));
  EXPECT_FALSE(rate.would_wait("b", kNow));
}

TEST(RequestRate, ComesBackEvenlyAndNotBeyondASecondsWorth) {
  RequestRate rate(10);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(rate.wait("a", kNow));
  int granted = 0;
  for (int ms = 1; ms <= 10'000; ++ms) granted += rate.wait("a", kNow + Millis(ms)) ? 0 : 1;
  EXPECT_EQ(granted, 100);
  const TimePoint later = kNow + std::chrono::hours(1);
  granted = 0;
  for (int i = 0; i < 30; ++i) granted += rate.wait("a", later) ? 0 : 1;
  EXPECT_EQ(granted, 10);
}

TEST(RequestRate, AClockThatIsSetBackLocksNobodyOut) {
  RequestRate rate(1);
  EXPECT_FALSE(rate.wait("a", kNow));
  const TimePoint before = kNow - std::chrono::hours(1);
  EXPECT_EQ(rate.wait("a", before), Millis(1000));
  EXPECT_FALSE(rate.wait("a", before + Millis(1000)));
}

TEST(RequestRate, ForgetsKeysThatNoLongerAsk) {
  RequestRate rate(1);
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_FALSE(rate.wait("key " + std::to_string(i), kNow + Millis(10 * i)));
  }
  EXPECT_LE(rate.remembered(), 2048U);
}

TEST(RequestRate, KeysBeyondTheirNumberShareABucket) {
  RequestRate rate(2, {.most = 3, .kept = std::chrono::minutes(1)});
  for (const char* key : {"a", "b", "c"}) EXPECT_FALSE(rate.wait(key, kNow)) << key;
  int granted = 0;
  for (int i = 0; i < 1000; ++i) granted += rate.wait("forged " + std::to_string(i), kNow) ? 0 : 1;
  EXPECT_EQ(granted, 2);
  const TimePoint later = kNow + std::chrono::seconds(59);
  EXPECT_TRUE(rate.wait("forged", kNow));
  EXPECT_FALSE(rate.wait("a", later)) << "it has its place";
  EXPECT_EQ(rate.remembered(), 4U);
  EXPECT_FALSE(rate.wait("new", later + std::chrono::seconds(1))) << "others were silent";
  EXPECT_EQ(rate.remembered(), 2U);
}

}  // namespace
}  // namespace gridloom
