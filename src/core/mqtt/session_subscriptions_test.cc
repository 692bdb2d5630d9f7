#include "mqtt/session_subscriptions.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mqtt/account_shares.h"

namespace gridloom::mqtt {
namespace {

TEST(SessionSubscriptionsTest, AreChargedUntilTheyAreRemovedOrTheSessionEnds) {
  const auto budget = std::make_shared<ByteBudget>(cost_of("a/b") + cost_of("c/d"));
  SessionSubscriptions subscriptions(budget);
  for (const std::string filter : {"a/b", "c/d"}) {
    ASSERT_TRUE(subscriptions.charge(filter));
    subscriptions.add({.filter = filter, .id = 1});
  }
  EXPECT_FALSE(subscriptions.charge("e/f")) << "the account has no more";
  EXPECT_EQ(subscriptions.size(), 2U);
  // The same filter again replaces the subscription, without a charge.
  subscriptions.add({.filter = "a/b", .id = 2});
  EXPECT_EQ(subscriptions.size(), 2U);
  EXPECT_EQ(subscriptions.all().at("a/b").id, 2U);

  EXPECT_TRUE(subscriptions.remove("a/b"));
  EXPECT_FALSE(subscriptions.remove("a/b"));
  EXPECT_FALSE(subscriptions.has("a/b"));
  EXPECT_TRUE(subscriptions.has("c/d"));
  EXPECT_EQ(budget->taken(), cost_of("c/d"));
  ASSERT_TRUE(subscriptions.charge("e/f"));
  subscriptions.refund("e/f");
  EXPECT_EQ(budget->taken(), cost_of("c/d"));

  SessionSubscriptions successor = std::exchange(subscriptions, {});
  EXPECT_EQ(subscriptions.size(), 0U);
  EXPECT_TRUE(successor.has("c/d"));
  EXPECT_EQ(budget->taken(), cost_of("c/d")) << "the charge goes along";
  successor = {};
  EXPECT_EQ(budget->taken(), 0U);
}

TEST(SessionSubscriptionsTest, AMessageCameBySharedSubscriptionIfNoOtherMatches) {
  struct Row {
    std::vector<std::string> filters;
    std::string_view topic;
    std::string shared_by;  // empty: none
  };
  const Row rows[] = {
      {{}, "t/a", ""},
      {{"t/+"}, "t/a", ""},
      {{"$share/g/t/+"}, "t/a", "$share/g/t/+"},
      {{"$share/g/t/+"}, "u/a", ""},
      {{"$share/g/t/+", "t/a"}, "t/a", ""},
      {{"$share/g/t/+", "u/a"}, "t/a", "$share/g/t/+"},
  };
  for (const Row& row : rows) {
    SessionSubscriptions subscriptions;
    for (const std::string& filter : row.filters) subscriptions.add({.filter = filter});
    const wire::mqtt::SharePtr shared = subscriptions.shared_by(row.topic);
    EXPECT_EQ(shared ? *shared : "", row.shared_by) << testing::PrintToString(row.filters);
  }
}

}  // namespace
}  // namespace gridloom::mqtt
