// The limits of the live stream's clients: each holds at its value and fails one past it, for an
// account and for all of them, and what is given back can be taken again.
#include "http/live_account.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "testing/must.h"

namespace gridloom::http {
namespace {

constexpr LiveLimits kLimits{.clients_per_account = 6,
                             .all_clients = 3,
                             .subscriptions_per_account = 300,
                             .all_subscriptions = 40,
                             .field_bytes_per_account = 20'000,
                             .all_field_bytes = 1000};

std::string refusal(const auto& result) { return result ? "taken" : result.error().detail; }

TEST(LiveAccount, EachLimitHoldsForAllAccountsToo) {
  const LiveAccount::Shared shared(kLimits);
  LiveAccount anna(AccountId{1}, shared);
  LiveAccount bob(AccountId{2}, shared);
  std::vector<TakenBytes> taken;
  // Four are Anna's own, two of all.
  for (int i = 0; i < 6; ++i) taken.push_back(must(anna.add_client()));
  EXPECT_EQ(refusal(anna.add_client()),
            "an account has at most 6 clients of the live stream: limit live.clients-per-account");
  for (int i = 0; i < 5; ++i) taken.push_back(must(bob.add_client()));
  EXPECT_EQ(refusal(bob.add_client()),
            "all accounts together have too many clients of the live stream: limit "
            "live.all-clients");
  taken.pop_back();
  EXPECT_EQ(refusal(bob.add_client()), "taken");

  for (int i = 0; i < 256 + 40; ++i) taken.push_back(must(anna.add_subscription()));
  EXPECT_EQ(refusal(anna.add_subscription()),
            "all accounts together have too many subscriptions of the live stream: limit "
            "live.all-subscriptions");
  EXPECT_EQ(refusal(bob.add_subscription()), "taken") << "some are Bob's own";

  std::vector<LiveFieldsPtr> lists;
  const std::string name(8000, 'x');  // counted twice: 16 KB are Anna's own
  lists.push_back(must(anna.fields({name})));
  EXPECT_EQ(refusal(anna.fields({std::string(300, 'y')})), "taken") << "and then it is gone";
  EXPECT_EQ(refusal(anna.fields({std::string(600, 'y')})),
            "all accounts together have too many bytes of field names in subscriptions of the live "
            "stream: limit live.all-field-bytes");
  lists.clear();
  EXPECT_EQ(refusal(anna.fields({std::string(600, 'y')})), "taken");
}

TEST(LiveAccount, SubscriptionsWithTheSameNamesShareAList) {
  LiveAccount anna(AccountId{1}, LiveAccount::Shared(LiveLimits{}));
  const LiveFieldsPtr list = must(anna.fields({"b", "a", "b", "c"}));
  EXPECT_EQ(must(anna.fields({"c", "b", "a"})), list);
  EXPECT_NE(must(anna.fields({"a", "b"})), list);
  EXPECT_NE(must(anna.fields({"a,b", "c"})), list) << "a name may have a comma";
  EXPECT_TRUE(list->contains("a") && list->contains("b") && list->contains("c"));
  EXPECT_FALSE(list->contains("ab") || list->contains(""));
  EXPECT_FALSE(must(anna.fields({}))->contains("a"));
}

}  // namespace
}  // namespace gridloom::http
