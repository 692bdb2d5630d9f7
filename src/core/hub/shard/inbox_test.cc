#include "hub/shard/inbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace gridloom::hub {
namespace {

using registry::AccountId;

constexpr AccountId kAnna{1};
constexpr AccountId kBob{2};
constexpr AccountId kCarl{3};
constexpr std::int64_t kEnough = 1'000'000'000;

class InboxTest : public testing::Test {
 protected:
  // Adds work that appends its letter to `done`.
  void add(AccountId account, char letter, std::int64_t effort) {
    inbox.add(account, [this, letter, effort]() -> Inbox::Step {
      done += letter;
      return {.effort = effort};
    });
  }

  Inbox inbox;
  std::string done;
};

TEST_F(InboxTest, AnAccountsWorkIsDoneInOrder) {
  for (const char letter : std::string("abcdefgh")) add(kAnna, letter, Inbox::kTurnEffort);
  inbox.work(kEnough);
  EXPECT_EQ(done, "abcdefgh");
  EXPECT_TRUE(inbox.empty());
}

TEST_F(InboxTest, AnAccountIsIdleWithoutWorkAndWithoutDebt) {
  EXPECT_TRUE(inbox.is_idle(kAnna));
  add(kAnna, 'a', 3 * Inbox::kTurnEffort);
  for (int i = 0; i < 3; ++i) add(kBob, 'b', Inbox::kTurnEffort);
  EXPECT_FALSE(inbox.is_idle(kAnna));
  EXPECT_TRUE(inbox.is_idle(kCarl));
  inbox.work(4 * Inbox::kTurnEffort);
  EXPECT_EQ(done, "ab");
  EXPECT_FALSE(inbox.is_idle(kAnna)) << "its turn was three turns long";
  inbox.work(kEnough);
  EXPECT_TRUE(inbox.is_idle(kAnna));
}

TEST_F(InboxTest, WhatAnAccountDoesBesideItsQueueCountsWhileOthersWait) {
  inbox.charge(kAnna, 100 * Inbox::kTurnEffort);
  EXPECT_TRUE(inbox.is_idle(kAnna)) << "nobody waited";
  for (int i = 0; i < 3; ++i) add(kBob, 'b', Inbox::kTurnEffort);
  inbox.charge(kAnna, 2 * Inbox::kTurnEffort);
  EXPECT_FALSE(inbox.is_idle(kAnna));
  inbox.charge(kCarl, Inbox::kTurnEffort - 1);
  EXPECT_TRUE(inbox.is_idle(kCarl)) << "a turn is what an account may have";
  inbox.charge(kCarl, 1);
  EXPECT_FALSE(inbox.is_idle(kCarl));
  add(kAnna, 'a', 1);
  inbox.work(kEnough);
  EXPECT_EQ(done, "bbba") << "Anna has had two turns already";
  inbox.charge(kAnna, 1);
  EXPECT_TRUE(inbox.is_idle(kAnna));
}

TEST_F(InboxTest, AnAccountWaitsForOneTurnOfEachOther) {
  for (int i = 0; i < 10'000; ++i) add(kBob, '.', Inbox::kTurnEffort / 4);
  add(kAnna, 'a', 1);
  add(kCarl, 'c', 1);
  inbox.work(Inbox::kTurnEffort + 3);
  EXPECT_EQ(done, "....ac....");
  EXPECT_FALSE(inbox.empty());
}

TEST_F(InboxTest, WorkEndsWhenEnoughIsDone) {
  for (int i = 0; i < 100; ++i) add(kAnna, '.', Inbox::kTurnEffort);
  inbox.work(3 * Inbox::kTurnEffort);
  EXPECT_EQ(done, "...");
}

TEST_F(InboxTest, AnOverlongTurnIsPaidBack) {
  add(kBob, 'B', 10 * Inbox::kTurnEffort);
  add(kBob, 'b', 1);
  for (int i = 0; i < 20; ++i) add(kAnna, '.', Inbox::kTurnEffort);
  inbox.work(kEnough);
  EXPECT_EQ(done, "B..........b..........");
}

TEST_F(InboxTest, ADebtStaysWhenTheQueueIsEmptyAndOthersHaveWork) {
  for (int i = 0; i < 20; ++i) add(kAnna, '.', Inbox::kTurnEffort);
  add(kBob, 'B', 10 * Inbox::kTurnEffort);
  inbox.work(11 * Inbox::kTurnEffort);
  EXPECT_EQ(done, ".B");
  add(kBob, 'b', 1);
  inbox.work(kEnough);
  EXPECT_EQ(done, ".B..........b.........");
}

TEST_F(InboxTest, NoAccountSkipsTurnsForIdleAccounts) {
  add(kBob, 'B', 1'000 * Inbox::kTurnEffort);
  inbox.work(kEnough);
  add(kAnna, 'a', Inbox::kTurnEffort);
  add(kBob, 'b', Inbox::kTurnEffort);
  add(kAnna, 'a', Inbox::kTurnEffort);
  add(kBob, 'b', Inbox::kTurnEffort);
  inbox.work(kEnough);
  EXPECT_EQ(done, "Babab");
}

TEST_F(InboxTest, WorkInSeveralStepsContinuesInItsAccountsTurns) {
  inbox.add(kBob, [this, left = 5]() mutable -> Inbox::Step {
    done += 'b';
    return {.effort = Inbox::kTurnEffort, .more = --left > 0};
  });
  add(kBob, 'B', 1);
  for (int i = 0; i < 4; ++i) add(kAnna, 'a', Inbox::kTurnEffort);
  inbox.work(kEnough);
  EXPECT_EQ(done,
            "babababab"
            "B");
}

TEST_F(InboxTest, WorkMayAddWork) {
  inbox.add(kBob, [this]() -> Inbox::Step {
    done += 'b';
    add(kBob, 'B', 1);
    add(kAnna, 'a', 1);
    return {.effort = Inbox::kTurnEffort};
  });
  inbox.work(kEnough);
  EXPECT_EQ(done, "baB");
}

// Under any load, no work is lost, done twice or out of its account's order. Of accounts that
// always have work, none gets more than another, except for a turn and a piece of work.
TEST(Inbox, AnyLoadIsSharedFairly) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 dice(seed);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
    Inbox inbox;
    constexpr std::size_t kAccounts = 4;
    constexpr std::int64_t kLargest = 3 * Inbox::kTurnEffort;
    std::array<std::int64_t, kAccounts> taken{};
    std::array<std::vector<int>, kAccounts> order;
    for (int i = 0; i < 2'000; ++i) {
      const auto account = static_cast<std::size_t>(i) % kAccounts;
      const auto effort = std::uniform_int_distribution<std::int64_t>(1, kLargest)(dice);
      inbox.add(AccountId{static_cast<std::int64_t>(account) + 1},
                [&taken, &order, account, effort, i]() -> Inbox::Step {
                  taken.at(account) += effort;
                  order.at(account).push_back(i);
                  return {.effort = effort};
                });
    }
    for (int round = 0; round < 50; ++round) {
      inbox.work(Inbox::kTurnEffort * 10);
      const auto [least, most] = std::ranges::minmax(taken);
      EXPECT_LE(most - least, Inbox::kTurnEffort + 2 * kLargest) << "seed " << seed;
    }
    inbox.work(kEnough * 1000);
    for (std::size_t account = 0; account < kAccounts; ++account) {
      ASSERT_EQ(order.at(account).size(), 500U);
      EXPECT_TRUE(std::ranges::is_sorted(order.at(account)));
    }
  }
}

}  // namespace
}  // namespace gridloom::hub
