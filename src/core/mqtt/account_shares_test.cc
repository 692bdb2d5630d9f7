#include "mqtt/account_shares.h"

#include <gtest/gtest.h>

namespace gridloom::mqtt {
namespace {

TEST(AccountBudgets, ASharedSubscriptionCostsMoreAsItMayBeAGroup) {
  constexpr std::string_view kShared = "$share/pool/open/+/quota";
  EXPECT_EQ(cost_of("open/+/quota"), 512 + 4 * std::string_view("open/+/quota").size());
  EXPECT_EQ(cost_of(kShared), 512 + 4 * kShared.size() + kSharedSubscriptionCost);
  // One report of an account with as many groups as it may have keeps its shard for some
  // milliseconds, not longer.
  EXPECT_LT(AccountLimits{}.filter_bytes / cost_of(kShared), 4096);
}

}  // namespace
}  // namespace gridloom::mqtt
