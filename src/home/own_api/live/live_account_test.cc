// The limits of the live stream's clients: each holds at its value and fails one past it, for an
// account and for all of them, and what is given back can be taken again.
#include "own_api/live/live_account.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "testing/must.h"

namespace gridloom::api {
namespace {

constexpr LiveLimits kLimits{.clients_per_account = 6,
                             .all_clients = 3,
                             .subscriptions_per_account = 300,
                             .all_subscriptions = 40,
                             .field_bytes_per_account = 20'000,
                             .all_field_bytes = 1000,
                             .devices = 2};

std::string refusal(const auto& result) { return result ? "taken" : result.error().detail; }

LiveShare browsers(int account, const LiveAccount::Shared& shared) {
  return *std::make_shared<LiveAccount>(AccountId{account}, shared)->share({});
}

TEST(LiveAccount, EachLimitHoldsForAllAccountsToo) {
  const LiveAccount::Shared shared(kLimits);
  const LiveShare anna = browsers(1, shared);
  const LiveShare bob = browsers(2, shared);
  std::vector<TakenBytes> taken;
  // Four are Anna's own, two of all.
  for (int i = 0; i < 6; ++i) taken.push_back(must(anna.add_client()));
  EXPECT_EQ(refusal(anna.add_client()),
            "the browsers of an account have at most 6 clients of the live stream: limit "
            "live.clients-per-account");
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

  for (std::size_t i = 0; i < LiveAccount::kOwnDevices + 2; ++i) {
    taken.push_back(must(anna.add_device()));
  }
  EXPECT_EQ(refusal(anna.add_device()),
            "all accounts together have too many devices that the live stream watches: limit "
            "live.devices");
  EXPECT_EQ(refusal(bob.add_device()), "taken") << "some are Bob's own";
}

TEST(LiveAccount, EachLimitHoldsForAnAccount) {
  LiveLimits small = kLimits;
  small.subscriptions_per_account = 5;
  small.field_bytes_per_account = 400;
  const LiveShare anna = browsers(1, LiveAccount::Shared(small));
  std::vector<TakenBytes> taken;
  for (int i = 0; i < 5; ++i) taken.push_back(must(anna.add_subscription()));
  EXPECT_EQ(refusal(anna.add_subscription()),
            "the browsers of an account have at most 5 subscriptions of the live stream: limit "
            "live.subscriptions-per-account");
  // A list is 256 bytes, a name 32, and its text with the quotes counts twice.
  EXPECT_EQ(refusal(anna.fields({std::string(54, 'x')})), "taken");
  EXPECT_EQ(refusal(anna.fields({std::string(55, 'x')})),
            "the browsers of an account have at most 400 bytes of field names in subscriptions of "
            "the live stream: "
            "limit live.field-bytes-per-account");
}

void take_all(std::vector<TakenBytes>& taken, const auto& add) {
  while (auto one = add()) taken.push_back(std::move(*one));
}

TEST(LiveAccount, BrowsersCardsAndEachOtherTokenHaveWhatNoOtherTokenTakes) {
  const LiveLimits limits{
      .clients_per_account = 16, .subscriptions_per_account = 1024, .devices = 0};
  const auto account = std::make_shared<LiveAccount>(AccountId{1}, LiveAccount::Shared(limits));
  std::vector<LiveSharePtr> shares;
  std::vector<TakenBytes> taken;
  const auto take_all_of = [&](const LiveCaller& caller) {
    const LiveSharePtr share = shares.emplace_back(account->share(caller));
    const std::size_t before = taken.size();
    take_all(taken, [&] { return share->add_client(); });
    const std::size_t clients = taken.size() - before;
    take_all(taken, [&] { return share->add_subscription(); });
    take_all(taken, [&] { return share->add_device(); });
    return clients;
  };
  const Card card;
  for (int i = 0; i < 8; ++i) take_all_of({.token = "card" + std::to_string(i), .card = card});
  EXPECT_EQ(take_all_of({.token = "first"}), 4U) << "a quarter";
  EXPECT_EQ(account->share({.token = "first"}), shares.back());
  EXPECT_EQ(refusal(shares.back()->add_client()),
            "a token has at most 4 clients of the live stream, a quarter of limit "
            "live.clients-per-account");
  for (int i = 0; i < 8; ++i) take_all_of({.token = std::to_string(i)});
  const LiveSharePtr token = account->share({.token = "last"});
  EXPECT_EQ(refusal(token->add_client()), "taken");
  EXPECT_EQ(refusal(token->add_subscription()), "taken");
  EXPECT_EQ(refusal(token->add_device()), "taken");
  EXPECT_EQ(take_all_of({.token = "last"}), 1U);
  EXPECT_EQ(refusal(token->add_client()),
            "the tokens of an account have at most 16 clients of the live stream: limit "
            "live.clients-per-account");
  const LiveSharePtr browser = account->share({});
  taken.push_back(must(browser->add_device()));
  EXPECT_EQ(refusal(browser->add_subscription()), "taken");
  EXPECT_EQ(take_all_of({}), 16U);
}

TEST(LiveAccount, AListThatHasEndedLeavesNothing) {
  const LiveShare anna = browsers(1, LiveAccount::Shared(LiveLimits{}));
  std::vector<LiveFieldsPtr> lists;
  for (int i = 0; i < 100; ++i) lists.push_back(must(anna.fields({std::to_string(i)})));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(refusal(anna.fields({std::string(8000, 'x'), std::to_string(i)})), "taken");
  }
  EXPECT_EQ(anna.account().lists(), lists.size());
  const LiveFieldsPtr again = must(anna.fields({"7"}));
  EXPECT_EQ(again, lists[7]);
  lists.clear();
  EXPECT_EQ(anna.account().lists(), 1U);
}

TEST(LiveAccount, SubscriptionsWithTheSameNamesShareAList) {
  const LiveShare anna = browsers(1, LiveAccount::Shared(LiveLimits{}));
  const LiveFieldsPtr list = must(anna.fields({"b", "a", "b", "c"}));
  EXPECT_EQ(must(anna.fields({"c", "b", "a"})), list);
  EXPECT_NE(must(anna.fields({"a", "b"})), list);
  EXPECT_NE(must(anna.fields({"a,b", "c"})), list) << "a name may have a comma";
  EXPECT_TRUE(list->contains("a") && list->contains("b") && list->contains("c"));
  EXPECT_FALSE(list->contains("ab") || list->contains(""));
  EXPECT_FALSE(must(anna.fields({}))->contains("a"));
}

}  // namespace
}  // namespace gridloom::api
