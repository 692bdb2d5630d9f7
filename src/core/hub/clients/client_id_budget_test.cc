#include "hub/clients/client_events.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace gridloom::hub {
namespace {

constexpr std::size_t kTen = 10;

TEST(ClientIdBudget, TenAreAdmittedAndTheEleventhIsNot) {
  ClientIdBudget budget;
  const TimePoint now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) + Millis(1000);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(budget.admit("open-a", fmt::format("id {}", i), kTen, now)) << i;
  }
  EXPECT_FALSE(budget.admit("open-a", "id 10", kTen, now));
  EXPECT_FALSE(budget.admit("open-a", "", kTen, now));
  EXPECT_TRUE(budget.admit("open-a", "id 3", kTen, now)) << "one that was used today";
  EXPECT_TRUE(budget.admit("open-b", "id 10", kTen, now)) << "another account";
}

TEST(ClientIdBudget, MidnightOfUtcGivesNewOnes) {
  ClientIdBudget budget;
  const TimePoint midnight = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);
  EXPECT_TRUE(budget.admit("open-a", "1", 1, midnight - Millis(1)));
  EXPECT_FALSE(budget.admit("open-a", "2", 1, midnight - Millis(1)));
  EXPECT_TRUE(budget.admit("open-a", "2", 1, midnight));
  EXPECT_FALSE(budget.admit("open-a", "1", 1, midnight + std::chrono::hours(23)));
  EXPECT_TRUE(budget.admit("open-a", "1", 1, midnight + std::chrono::hours(24)));
}

TEST(ClientIdBudget, NoneAdmitsNobody) {
  ClientIdBudget budget;
  EXPECT_FALSE(budget.admit("open-a", "1", 0, TimePoint{}));
}

}  // namespace
}  // namespace gridloom::hub
