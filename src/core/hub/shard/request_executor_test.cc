#include "hub/shard/request_executor.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/shard/test_shard_parts.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;
using testing::SizeIs;

constexpr ReplyId kReply{7};

class RequestExecutorTest : public testing::Test {
 protected:
  RequestExecutorTest() {
    alice = parts.home.add_account("alice");
    parts.home.add_device(kDelta2Sn, "alice");
    refresh();
    app = parts.app("alice");
    device = parts.device(kDelta2Sn);
  }
  void refresh() {
    parts.refresh();
    executor.use(parts.home.registry->directory());
  }
  // Returns the number of steps that the request took.
  int execute(Request::Action action) {
    Request request{.account = alice, .reply = kReply, .action = std::move(action)};
    std::size_t done = 0;
    int steps = 1;
    while (executor.execute(request, done)) ++steps;
    parts.end_turn();
    return steps;
  }
  void subscribe(const std::string& filter, bool send_retained = false) {
    app->charge_credit(kMessageBytes);
    execute(
        Subscribe{.client = app,
                  .subscription = {
                      .filter = filter, .qos = Qos::kAtLeastOnce, .send_retained = send_retained}});
  }
  static Inbound report(std::string_view payload) {
    return {.sn = kDelta2Sn,
            .verb = Verb::kQuota,
            .message = std::make_shared<const Message>(Message{
                .topic = "/device/" + kDelta2Sn + "/quota", .payload = std::string(payload)}),
            .options = {}};
  }

  TestShardParts parts;
  RequestExecutor executor{
      {.turn = parts.turn,
       .twins = parts.twins,
       .clients = parts.clients,
       .presence = parts.presence,
       .retained = parts.retained_sender,
       .publications = parts.publications,
       .requests = parts.requests,
       .reply = [this](Reply reply) { parts.replies.push_back(std::move(reply)); }}};
  registry::AccountId alice{};
  FakePtr app;
  FakePtr device;
};

TEST_F(RequestExecutorTest, AReadIsAnsweredUnderTheIdOfItsRequest) {
  parts.twins.at(kDelta2Sn).twin.replay_value("pd.soc", "5");
  execute(ReadAll{.sn = kDelta2Sn});
  ASSERT_THAT(parts.replies, SizeIs(1));
  EXPECT_EQ(parts.replies[0].to, kReply);
  EXPECT_EQ(std::string_view(must(std::move(parts.replies[0].answer)).text), R"({"pd.soc":5})");
}

TEST_F(RequestExecutorTest, TwinsThatNobodyKnowsAreLeftOut) {
  parts.twins.at(kDelta2Sn).twin.replay_value("pd.soc", "5");
  execute(ReadTwins{{"R331UNKNOWN", kDelta2Sn}});
  ASSERT_THAT(parts.replies, SizeIs(1));
  const DeviceAnswer answer = must(std::move(parts.replies[0].answer));
  ASSERT_THAT(answer.twins, SizeIs(1));
  EXPECT_EQ(answer.twins[0].sn, kDelta2Sn);
}

TEST_F(RequestExecutorTest, ASubscriberGetsWhatIsRetainedIfItAskedForIt) {
  subscribe(parts.home.open("alice", "#"));
  EXPECT_THAT(app->take(), IsEmpty());
  subscribe(parts.home.open("alice", "#"), true);
  EXPECT_THAT(app->take(), ElementsAre(EndsWith(R"("params":{"status":0}})")));
}

TEST_F(RequestExecutorTest, CreditIsReturnedWhenARequestIsDone) {
  app->charge_credit(kMessageBytes);
  subscribe(parts.home.open("alice", "#"));
  EXPECT_FALSE(app->is_settled());
  execute(Unsubscribe{.client = app, .filter = parts.home.open("alice", "#")});
  EXPECT_TRUE(app->is_settled());
}

TEST_F(RequestExecutorTest, ManyPublicationsTakeSeveralStepsAndEachIsDoneOnce) {
  constexpr std::size_t kMany = 100;
  const std::vector<Inbound> publications(kMany, report(R"({"params":{"pd.soc":1}})"));
  device->charge_credit(credit_of(publications));
  EXPECT_GT(execute(Publish{.client = device, .publications = publications}), 1);
  EXPECT_EQ(parts.home.platform.counters.reports.load(), kMany);
  EXPECT_TRUE(device->is_settled());
}

TEST_F(RequestExecutorTest, ADeviceIsOnlineFromConnectToDisconnect) {
  execute(Connect{device});
  EXPECT_TRUE(parts.home.platform.presence.online(kDelta2Sn));
  execute(Disconnect{device});
  EXPECT_FALSE(parts.home.platform.presence.online(kDelta2Sn));
}

TEST_F(RequestExecutorTest, AClientWhoseCredentialsEndedMeanwhileIsKicked) {
  static_cast<void>(must(parts.home.registry->rotate_device(kDelta2Sn)));
  refresh();
  execute(Connect{device});
  EXPECT_THAT(device->kicked, ElementsAre(KickReason::kNotAuthorized));
}

// 32 are removed at once.
TEST_F(RequestExecutorTest, ASessionWithManySubscriptionsEndsInSteps) {
  for (int i = 0; i < 33; ++i) subscribe(parts.home.open("alice", fmt::format("SN{}/quota", i)));
  EXPECT_EQ(execute(EndSession{app}), 2);
  EXPECT_EQ(execute(EndSession{app}), 1);
  parts.turn.router().to_apps(app->identity().name, "SN3", Verb::kQuota,
                              {.like = {.payload = "1"}});
  parts.end_turn();
  EXPECT_THAT(app->take(), IsEmpty());
}

TEST_F(RequestExecutorTest, ASessionThatIsTakenOverKeepsItsSubscriptions) {
  subscribe(parts.home.open("alice", "#"));
  const FakePtr fresh = parts.app("alice", "fresh");
  EXPECT_THAT(parts.replies, SizeIs(1));
  execute(Rebind{.old = app, .fresh = fresh});
  EXPECT_THAT(parts.replies, SizeIs(2));
  parts.turn.router().to_apps(app->identity().name, kDelta2Sn, Verb::kQuota,
                              {.like = {.payload = "1"}});
  parts.end_turn();
  EXPECT_THAT(app->take(), IsEmpty());
  EXPECT_THAT(fresh->take(), SizeIs(1));
}

}  // namespace
}  // namespace gridloom::hub
