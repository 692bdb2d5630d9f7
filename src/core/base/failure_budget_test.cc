#include "base/failure_budget.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace gridloom {
namespace {

constexpr TimePoint kNow{Millis(1'700'000'000'000)};
constexpr std::string_view kHome = "198.51.100.7";

void fail_often(FailureBudget& budget, std::string_view address, std::string_view name, int times) {
  for (int i = 0; i < times; ++i) budget.failed(address, name, kNow);
}

TEST(FailureBudget, AMinutesWorthMayFailAndNotOneMore) {
  FailureBudget budget(60);
  fail_often(budget, kHome, "a", 59);
  EXPECT_FALSE(budget.wait(kHome, "a", kNow));
  fail_often(budget, kHome, "a", 1);
  EXPECT_EQ(budget.wait(kHome, "a", kNow), Millis(1000));
  EXPECT_EQ(budget.wait(kHome, "b", kNow), Millis(1000)) << "another name from the same address";
  EXPECT_FALSE(budget.wait("198.51.100.8", "a", kNow)) << "another address";
  EXPECT_FALSE(budget.wait(kHome, "a", kNow + Millis(1000)));
}

TEST(FailureBudget, ARefusedAttemptCostsNoBudget) {
  FailureBudget budget(60);
  fail_often(budget, kHome, "a", 60);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(budget.wait(kHome, "a", kNow + Millis(500)));
  EXPECT_FALSE(budget.wait(kHome, "a", kNow + Millis(1000)));
}

TEST(FailureBudget, ANameThatSucceededGetsThroughBehindAFailingAddress) {
  FailureBudget budget(60);
  EXPECT_FALSE(budget.knows(kHome, "right", kNow));
  budget.succeeded(kHome, "right", kNow);
  EXPECT_TRUE(budget.knows(kHome, "right", kNow));
  EXPECT_FALSE(budget.knows("203.0.113.1", "right", kNow));
  fail_often(budget, kHome, "wrong", 5000);
  EXPECT_TRUE(budget.wait(kHome, "wrong", kNow));
  EXPECT_FALSE(budget.wait(kHome, "right", kNow));
  // But a name that succeeded once does not allow guessing without end.
  fail_often(budget, kHome, "right", 60);
  EXPECT_EQ(budget.wait(kHome, "right", kNow), Millis(1000));
  EXPECT_FALSE(budget.wait("203.0.113.1", "right", kNow));
  const TimePoint next_day = kNow + std::chrono::hours(25);
  for (int i = 0; i < 61; ++i) budget.failed(kHome, "wrong", next_day);
  EXPECT_TRUE(budget.wait(kHome, "right", next_day)) << "it was right more than a day ago";
  EXPECT_FALSE(budget.knows(kHome, "right", next_day));
}

TEST(FailureBudget, LoopbackHasMore) {
  FailureBudget budget(60);
  for (const std::string_view address : {"127.0.0.1", "::1"}) {
    fail_often(budget, address, "a", 60 * 50 - 1);
    EXPECT_FALSE(budget.wait(address, "a", kNow));
    fail_often(budget, address, "a", 1);
    EXPECT_TRUE(budget.wait(address, "a", kNow));
  }
}

TEST(FailureBudget, ManyAddressesShareWhatIsLeft) {
  FailureBudget budget(60);
  for (std::size_t i = 0; i < FailureBudget::kMax + 5000; ++i) {
    budget.failed("a" + std::to_string(i), "name", kNow);
  }
  EXPECT_EQ(budget.addresses(), FailureBudget::kMax);
  EXPECT_TRUE(budget.wait("another", "name", kNow));
  EXPECT_FALSE(budget.wait("another", "name", kNow + std::chrono::seconds(1)));
  // Addresses whose budget is full again are removed to make room.
  budget.failed("another", "name", kNow + std::chrono::minutes(1));
  EXPECT_EQ(budget.addresses(), 1U);
}

TEST(FailureBudget, AClockThatIsSetBackLocksNobodyOut) {
  FailureBudget budget(60);
  fail_often(budget, kHome, "a", 60);
  const TimePoint before = kNow - std::chrono::hours(1);
  EXPECT_EQ(budget.wait(kHome, "a", before), Millis(1000));
  EXPECT_FALSE(budget.wait(kHome, "a", before + Millis(1000)));
}

TEST(FailureBudget, AnIpv6NetworkIsOneAddress) {
  EXPECT_EQ(address_group("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(address_group("2001:db8:1:2::9"), "2001:db8:1:2::/64");
  EXPECT_EQ(address_group("::ffff:198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(address_group("198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(address_group("::1"), "::1");
  EXPECT_EQ(address_group("fe80::1%eth0"), "fe80::/64");
  EXPECT_EQ(address_group(""), "");
  EXPECT_TRUE(is_loopback("127.0.0.53"));
  EXPECT_FALSE(is_loopback("128.0.0.1"));
}

}  // namespace
}  // namespace gridloom
