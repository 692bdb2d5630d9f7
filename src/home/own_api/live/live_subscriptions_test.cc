// What one client is told of its devices, and when. The home, and the client's messages, are tested
// with the whole session.
#include "own_api/live/live_subscriptions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "testing/home.h"

namespace gridloom::api {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const std::string kSn = "R331ZEB4ZEAL0528";
constexpr std::string_view kDevice = R"({"topic":"device","sn":"R331ZEB4ZEAL0528"})";

class LiveSubscriptionsTest : public testing::Test {
 protected:
  LiveSubscriptionsTest() {
    alice = home.add_account("alice");
    home.add_account("bob");
    home.add_device(kSn, "alice");
    home.add_device("R331OTHER", "bob");
    device = home.connect_device(kSn);
    report("5");
    subscriptions = std::make_shared<LiveSubscriptions>(
        LiveSubscriptions::Options{.account_id = alice,
                                   .share = feed.share({.account = alice}),
                                   .feed = &feed,
                                   .homes = nullptr,
                                   .loop = &home.client_loop,
                                   .on_news = [this] { ++news; },
                                   .now = home.clock.now()});
  }
  void report(std::string_view soc) {
    home.report(device, kSn,
                std::string(R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":)")
                    .append(soc)
                    .append("}}"));
    home.settle();
  }
  // The refusal, or "".
  std::string subscribe(LiveSubscriptions::Id id, std::string_view message) {
    const auto parsed = must(wire::parse_json(message));
    const Status made =
        subscriptions->subscribe(id, parsed.get_object(), *home.registry->directory());
    subscriptions->read_twins();
    home.settle();
    return made ? std::string() : made.error().detail;
  }
  Lines take(std::size_t most = 100'000) {
    std::string out;
    subscriptions->take_output(out, most);
    home.settle();
    Lines lines;
    std::istringstream text(out);
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  void pass(Millis time) {
    home.pass(time);
    subscriptions->tick(home.clock.now());
    home.settle();
  }

  TestHome home{1};
  LiveFeed feed{{.hub = home.hub.get(),
                 .limits = {.subscriptions = 1,
                            .clients_per_account = 3,
                            .subscriptions_per_account = 4,
                            .field_bytes_per_account = 1000}}};
  registry::AccountId alice{};
  FakePtr device;
  std::shared_ptr<LiveSubscriptions> subscriptions;
  int news = 0;
};

TEST_F(LiveSubscriptionsTest, ASnapshotComesFirstAndThenTheChanges) {
  EXPECT_EQ(subscribe(2, kDevice), "");
  EXPECT_GT(news, 0);
  EXPECT_THAT(take(), ElementsAre(StartsWith(R"({"t":"names",)"),
                                  AllOf(StartsWith(R"({"t":"snap","id":2,)"), HasSubstr(",5,"))));
  EXPECT_FALSE(subscriptions->is_ready());
  report("6");
  EXPECT_THAT(take(), IsEmpty()) << "news wait for their time";
  pass(Millis(250));
  EXPECT_TRUE(subscriptions->is_ready());
  EXPECT_THAT(take(), ElementsAre(AllOf(StartsWith(R"({"t":"d","id":2,)"), HasSubstr(",6,"))));
}

TEST_F(LiveSubscriptionsTest, NothingIsComposedForAFullOutput) {
  subscribe(2, kDevice);
  EXPECT_THAT(take(0), IsEmpty());
  EXPECT_TRUE(subscriptions->is_ready());
  EXPECT_THAT(take(), Contains(StartsWith(R"({"t":"snap",)")));
}

TEST_F(LiveSubscriptionsTest, AWrongMessageIsRefusedAndChangesNothing) {
  struct Case {
    std::string_view message;
    std::string_view says;
  };
  subscribe(2, kDevice);
  for (const Case& each :
       {Case{.message = R"({"topic":"weather"})", .says = "must be home or device"},
        Case{.message = R"({})", .says = "must be home or device"},
        Case{.message = R"({"topic":"device","sn":"R331ZEB4ZEAL0528","fields":5})",
             .says = "must be \"*\" or a list"},
        Case{.message = R"({"topic":"device","sn":"R331ZEB4ZEAL0528","fields":[5]})",
             .says = "must be names of fields"},
        Case{.message = R"({"topic":"home","lang":"fr"})", .says = "must be en or de"},
        Case{.message = R"({"topic":"home"})", .says = "limit live.subscriptions"}}) {
    EXPECT_THAT(subscribe(3, each.message), HasSubstr(each.says)) << each.message;
  }
  EXPECT_NE(subscribe(3, R"({"topic":"device","sn":"R331OTHER"})"), "") << "Bob's";
  EXPECT_THAT(take(), Contains(StartsWith(R"({"t":"snap","id":2,)")));
}

TEST_F(LiveSubscriptionsTest, AnotherSubscriptionToTheDeviceTakesThePlaceOfTheFormer) {
  subscribe(2, kDevice);
  EXPECT_EQ(subscribe(3, kDevice), "") << "the limit is one";
  EXPECT_THAT(take(), Contains(StartsWith(R"({"t":"snap","id":3,)")));
  subscriptions->unsubscribe(3);
  subscriptions->unsubscribe(3);
  report("6");
  pass(Millis(250));
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(LiveSubscriptionsTest, SubscriptionsEndWithTheRightToTheDevice) {
  subscribe(2, kDevice);
  EXPECT_THAT(subscriptions->drop_forbidden(*home.registry->directory()), IsEmpty());
  must(home.registry->remove_device(kSn));
  home.settle();
  const auto refused = subscriptions->drop_forbidden(*home.registry->directory());
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].id, 2);
  EXPECT_EQ(refused[0].error.code, ErrorCode::kNoPermission);
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(LiveSubscriptionsTest, NothingIsToldOnceTheyAreCleared) {
  subscribe(2, kDevice);
  subscriptions->clear();
  EXPECT_FALSE(subscriptions->is_ready());
  news = 0;
  report("6");
  pass(Millis(250));
  EXPECT_EQ(news, 0);
  EXPECT_THAT(take(), IsEmpty());
}

}  // namespace
}  // namespace gridloom::api
