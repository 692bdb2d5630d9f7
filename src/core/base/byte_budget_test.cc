#include "base/byte_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

namespace gridloom {
namespace {

TEST(ByteBudget, GivesWhatItHasAndNoMore) {
  ByteBudget budget(100);
  EXPECT_TRUE(budget.take(100));
  EXPECT_FALSE(budget.take(1));
  budget.release(40);
  EXPECT_FALSE(budget.take(41));
  EXPECT_TRUE(budget.take(40));
  EXPECT_EQ(budget.taken(), 100U);
  EXPECT_FALSE(budget.take(static_cast<std::size_t>(-1)));
}

TEST(ByteBudget, APartTakesOfTheWhole) {
  const auto whole = std::make_shared<ByteBudget>(100);
  ByteBudget one(90, 10, whole);
  ByteBudget other(90, 10, whole);
  EXPECT_TRUE(one.take(90));
  EXPECT_EQ(whole->taken(), 80U);
  EXPECT_FALSE(other.take(31));
  EXPECT_EQ(other.taken(), 0U);
  EXPECT_TRUE(other.take(30));
  EXPECT_EQ(whole->taken(), 100U);
  EXPECT_FALSE(one.take(1)) << "it has its most";
  one.release(85);
  EXPECT_EQ(whole->taken(), 20U);
  one.release(5);
  other.release(30);
  EXPECT_EQ(whole->taken(), 0U);
}

TEST(ByteBudget, AFullWholeLeavesEachPartItsOwn) {
  const auto whole = std::make_shared<ByteBudget>(10);
  ByteBudget greedy(1000, 10, whole);
  ByteBudget modest(1000, 10, whole);
  EXPECT_TRUE(greedy.take(20));
  EXPECT_FALSE(greedy.take(1));
  EXPECT_TRUE(modest.take(10));
  EXPECT_FALSE(modest.take(1));
}

TEST(ByteBudget, ThreadsTogetherTakeNoMoreThanThereIs) {
  const auto budget = std::make_shared<ByteBudget>(1000);
  std::vector<TakenBytes> taken(4);
  {
    std::vector<std::jthread> threads;
    for (TakenBytes& mine : taken) {
      threads.emplace_back([&] {
        mine = TakenBytes(budget);
        for (int i = 0; i < 1000; ++i) static_cast<void>(mine.take(1));
      });
    }
  }
  EXPECT_EQ(budget->taken(), 1000U);
  taken.clear();
  EXPECT_EQ(budget->taken(), 0U);
}

TEST(TakenBytes, AreGivenBackOnceHoweverTheyMove) {
  const auto budget = std::make_shared<ByteBudget>(100);
  const auto elsewhere = std::make_shared<ByteBudget>(100);
  TakenBytes first(budget);
  EXPECT_TRUE(first.take(30));
  TakenBytes second(std::move(first));
  EXPECT_EQ(budget->taken(), 30U);
  TakenBytes third(elsewhere);
  EXPECT_TRUE(third.take(50));
  third = std::move(second);
  EXPECT_EQ(elsewhere->taken(), 0U);
  EXPECT_EQ(third.bytes(), 30U);
  third = TakenBytes();
  EXPECT_EQ(budget->taken(), 0U);
  EXPECT_TRUE(third.take(1U << 30U)) << "without a budget there is no bound";
}

}  // namespace
}  // namespace gridloom
