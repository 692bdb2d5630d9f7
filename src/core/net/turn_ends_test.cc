#include "net/turn_ends.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace gridloom::net {
namespace {

using Reason = TurnEnds<int>::Reason;

std::vector<int> all(TurnEnds<int>& ends) {
  std::vector<int> order;
  while (!ends.empty()) order.push_back(*ends.next());
  return order;
}

TEST(TurnEnds, AccountsAreServedInTurnEachInItsOrder) {
  TurnEnds<int> ends;
  for (const int who : {10, 11, 12, 20, 13, 30, 21}) {
    ends.add(who / 10, std::make_shared<int>(who), Reason::kNew);
  }
  EXPECT_EQ(ends.size(), 7U);
  EXPECT_EQ(all(ends), (std::vector{10, 20, 30, 11, 21, 12, 13}));
  EXPECT_EQ(ends.size(), 0U);
}

TEST(TurnEnds, ANewcomerWaitsForOneObjectOfEachOtherAccount) {
  TurnEnds<int> ends;
  for (int who = 10; who < 19; ++who) {
    ends.add(1, std::make_shared<int>(who), Reason::kNew);
  }
  EXPECT_EQ(*ends.next(), 10);
  ends.add(2, std::make_shared<int>(20), Reason::kNew);
  EXPECT_EQ(*ends.next(), 11);
  EXPECT_EQ(*ends.next(), 20);
  ends.add(2, std::make_shared<int>(21), Reason::kNew);
  EXPECT_EQ(*ends.next(), 12);
  EXPECT_EQ(*ends.next(), 21);
  EXPECT_EQ(ends.size(), 6U);
}

TEST(TurnEnds, ContinuedObjectsAlternateWithNewOnesOfTheirAccount) {
  TurnEnds<int> ends;
  for (int who = 10; who < 14; ++who) ends.add(1, std::make_shared<int>(who), Reason::kNew);
  for (const int who : {18, 19}) ends.add(1, std::make_shared<int>(who), Reason::kContinued);
  ends.add(2, std::make_shared<int>(20), Reason::kNew);
  EXPECT_EQ(*ends.next(), 18);
  ends.add(1, std::make_shared<int>(18), Reason::kContinued);
  EXPECT_EQ(all(ends), (std::vector{20, 10, 19, 11, 18, 12, 13}));
}

TEST(TurnEnds, ManyAccountsComeAndGo) {
  TurnEnds<int> ends;
  for (int round = 0; round < 3; ++round) {
    std::vector<int> expected;
    for (int account = 0; account < 1000; ++account) {
      expected.push_back(account);
      ends.add(account, std::make_shared<int>(account), Reason::kNew);
    }
    EXPECT_EQ(all(ends), expected) << "round " << round;
  }
}

TEST(TurnEnds, KeepsNobodyAlive) {
  TurnEnds<int> ends;
  const auto who = std::make_shared<int>(1);
  ends.add(1, who, Reason::kNew);
  ends.add(1, who, Reason::kContinued);
  static_cast<void>(ends.next());
  EXPECT_EQ(who.use_count(), 2);
  ends.clear();
  EXPECT_EQ(who.use_count(), 1);
  EXPECT_TRUE(ends.empty());
}

}  // namespace
}  // namespace gridloom::net
