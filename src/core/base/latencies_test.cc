#include "base/latencies.h"

#include <gtest/gtest.h>

#include <limits>

namespace gridloom {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(Latencies, NothingCountedIsZero) {
  const Latencies none;
  EXPECT_EQ(none.percentile_ms(0.5), 0);
  EXPECT_EQ(none.max_ms(), 0);
}

TEST(Latencies, APercentileIsWithinTwoPercentOfTheTrueOne) {
  Latencies all;
  for (int i = 1; i <= 10'000; ++i) all.add(microseconds(i));
  for (const double share : {0.01, 0.5, 0.9, 0.99, 1.0}) {
    EXPECT_NEAR(all.percentile_ms(share), 10 * share, 10 * share * 0.02) << share;
    EXPECT_GE(all.percentile_ms(share), 10 * share - 1e-9) << share;
  }
  EXPECT_EQ(all.max_ms(), 10);
}

TEST(Latencies, SinceReturnsOnlyLaterDurations) {
  Latencies all;
  for (int i = 1; i <= 100; ++i) all.add(microseconds(5000));
  const Latencies before = all;
  EXPECT_EQ(all.since(before).count(), 0U);
  EXPECT_EQ(all.since(before).max_ms(), 0);
  for (int i = 1; i <= 1000; ++i) all.add(microseconds(i));
  const Latencies rest = all.since(before);
  EXPECT_EQ(rest.count(), 1000U);
  EXPECT_NEAR(rest.percentile_ms(0.5), 0.5, 0.01);
  EXPECT_NEAR(rest.max_ms(), 1, 0.02);
}

TEST(Latencies, SmallAndHugeValuesHaveTheirPlace) {
  Latencies all;
  all.add(nanoseconds(0));
  all.add(nanoseconds(-5));
  all.add(nanoseconds(127));
  all.add(nanoseconds(128));
  all.add(nanoseconds(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(all.count(), 5U);
  EXPECT_EQ(all.percentile_ms(0.4), 0);
  EXPECT_DOUBLE_EQ(all.percentile_ms(0.6), 127e-6);
  EXPECT_DOUBLE_EQ(all.percentile_ms(1.0), all.max_ms());
}

TEST(Latencies, MergedIsAsIfCountedTogether) {
  Latencies together;
  Latencies odd;
  Latencies even;
  for (int i = 1; i <= 1000; ++i) {
    together.add(microseconds(i));
    (i % 2 == 0 ? even : odd).add(microseconds(i));
  }
  odd.merge(even);
  EXPECT_EQ(odd.count(), together.count());
  EXPECT_EQ(odd.max_ms(), together.max_ms());
  for (const double share : {0.1, 0.5, 0.99}) {
    EXPECT_EQ(odd.percentile_ms(share), together.percentile_ms(share)) << share;
  }
}

}  // namespace
}  // namespace gridloom
