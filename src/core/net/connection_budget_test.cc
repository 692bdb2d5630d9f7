#include "net/limits.h"

#include <gtest/gtest.h>

namespace gridloom::net {
namespace {

// Opens connections until the budget refuses one; returns their number.
std::size_t fill(ConnectionBudget& budget, std::size_t listener) {
  std::size_t open = 0;
  while (budget.admits(listener, open)) ++open;
  budget.set_open(listener, open);
  return open;
}

TEST(ConnectionBudget, OneListenerAloneMayUseAllConnections) {
  ConnectionBudget budget(1000);
  EXPECT_EQ(fill(budget, budget.register_listener()), 1000);
}

TEST(ConnectionBudget, ABusyListenerLeavesTheOthersTheirShare) {
  ConnectionBudget budget(1000);
  const std::size_t crowded = budget.register_listener();
  const std::size_t quiet = budget.register_listener();
  const std::size_t later = budget.register_listener();
  EXPECT_EQ(fill(budget, crowded), 800);
  EXPECT_EQ(fill(budget, quiet), 100);
  EXPECT_EQ(fill(budget, later), 100);
  EXPECT_EQ(fill(budget, crowded), 800);
}

TEST(ConnectionBudget, ReturnedConnectionsAreFreeForAll) {
  ConnectionBudget budget(1000);
  const std::size_t first = budget.register_listener();
  const std::size_t second = budget.register_listener();
  budget.set_open(first, 600);
  EXPECT_EQ(fill(budget, second), 400);
  budget.set_open(first, 300);
  EXPECT_EQ(fill(budget, second), 700);
  budget.set_open(first, 0);
  EXPECT_EQ(fill(budget, second), 900);
}

TEST(ConnectionBudget, WithoutAShareNobodyIsSureOfAnything) {
  ConnectionBudget budget(5);
  const std::size_t first = budget.register_listener();
  const std::size_t second = budget.register_listener();
  EXPECT_EQ(fill(budget, first), 5);
  EXPECT_EQ(fill(budget, second), 0);
}

}  // namespace
}  // namespace gridloom::net
