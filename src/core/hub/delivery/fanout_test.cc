#include "hub/delivery/fanout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "testing/home.h"

namespace gridloom::hub {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const std::string kSn = "R331A";

class CollectingTap final : public TrafficTap {
 public:
  void on_traffic(std::vector<TrafficEvent> events) override {
    for (TrafficEvent& event : events) all.push_back(std::move(event));
  }
  std::vector<TrafficEvent> all;
};

class FanoutTest : public testing::Test {
 protected:
  FanoutTest() {
    for (const std::string_view name : {"alice", "bob", "carol"}) home.add_account(name);
    home.add_device(kSn, "alice");
    home.share(kSn, "bob", registry::Rights::kMonitor);
    faults.use(home.registry->directory());
    fanout.use(home.registry->directory());
    alice = app("alice");
    bob = app("bob");
    carol = app("carol");
    own = subscriber(kSn, "/device/R331A/#");
    gateway = subscriber("gateway:alice", "/device/+/#");
    other_gateway = subscriber("gateway:bob", "/device/+/#");
    traffic.add({.tap = tap, .sns = {kSn}}, {});
  }
  FakePtr subscriber(std::string name, std::string filter) {
    auto client =
        std::make_shared<FakeClient>(home.client_loop, Identity{.name = std::move(name)}, "c");
    router.subscriptions().subscribe(client, {.filter = std::move(filter)});
    return client;
  }
  FakePtr app(std::string_view name) {
    return subscriber(home.account(name).certificate_account, home.open(name, "#"));
  }
  void end_turn() {
    traffic.flush();
    router.flush();
    home.settle();
  }

  TestHome home{1};
  TurnWriter writer{home.platform, [](std::uint64_t) {}};
  Router router{home.platform, writer, [] {}};
  FaultOverlay faults{home.platform};
  TrafficFeed traffic{home.clock};
  Fanout fanout{router, faults, traffic};
  std::shared_ptr<CollectingTap> tap = std::make_shared<CollectingTap>();
  wire::mqtt::Message message{.payload = "a payload that is longer than a string in place"};
  FakePtr alice;
  FakePtr bob;
  FakePtr carol;
  FakePtr own;
  FakePtr gateway;
  FakePtr other_gateway;
};

TEST_F(FanoutTest, AReportGoesToTheOwnerAndWhomTheDeviceIsSharedWith) {
  fanout.to_accounts(home.device(kSn), Verb::kQuota, {.like = message});
  end_turn();
  for (const FakePtr& each : {alice, bob}) {
    ASSERT_THAT(each->got, SizeIs(1));
    EXPECT_EQ(each->last->payload.data(), message.payload.data());
  }
  EXPECT_EQ(bob->last->topic, home.open("bob", "R331A/quota"));
  for (const FakePtr& each : {carol, own, gateway}) EXPECT_THAT(each->got, IsEmpty());
  EXPECT_THAT(tap->all, IsEmpty()) << "taps have the report as the device sent it";
}

TEST_F(FanoutTest, ADevicesMessagesGoToItsConnectionsAndItsOwnersGateways) {
  fanout.to_device(home.device(kSn), Verb::kSet, {.like = message});
  end_turn();
  for (const FakePtr& each : {own, gateway}) {
    ASSERT_THAT(each->got, SizeIs(1));
    EXPECT_EQ(each->last->topic, "/device/R331A/set");
  }
  for (const FakePtr& each : {alice, bob, other_gateway}) EXPECT_THAT(each->got, IsEmpty());
}

TEST_F(FanoutTest, AnAnswerGoesToTheAppsOfOneAccountAndToTaps) {
  fanout.answer_app(home.account("bob").certificate_account, kSn, Verb::kSetReply,
                    {.like = message});
  end_turn();
  EXPECT_THAT(bob->got, SizeIs(1));
  for (const FakePtr& each : {alice, own, gateway}) EXPECT_THAT(each->got, IsEmpty());
  ASSERT_THAT(tap->all, SizeIs(1));
  EXPECT_EQ(tap->all[0].kind, TrafficEvent::Kind::kAppGets);
  EXPECT_EQ(tap->all[0].account, home.account("bob").id);
  EXPECT_EQ(tap->all[0].text.data(), message.payload.data());
}

class ReportRoutes : public FanoutTest {
 protected:
  static constexpr std::string_view kPayload = "a report that is longer than a string in place";
  // Sends a report; the names of those who got it.
  Lines report() {
    const registry::Device device = home.device(kSn);
    OutgoingReport outgoing(kPayload, Qos::kAtMostOnce, *own);
    const ReportRoute& route = fanout.route_of(device, kept);
    fanout.to_device(route, outgoing);
    fanout.to_accounts(device, route, outgoing);
    end_turn();
    Lines reached;
    const std::pair<std::string_view, FakePtr> everyone[] = {
        {"alice", alice}, {"bob", bob},         {"carol", carol},
        {"own", own},     {"gateway", gateway}, {"other gateway", other_gateway}};
    for (const auto& [name, client] : everyone) {
      for (const std::string& line : client->take())
        reached.push_back(fmt::format("{} {}", name, line));
    }
    return reached;
  }
  [[nodiscard]] Lines everyone() const {
    return {fmt::format("alice q0 {} {}", home.open("alice", "R331A/quota"), kPayload),
            fmt::format("bob q0 {} {}", home.open("bob", "R331A/quota"), kPayload),
            fmt::format("own q0 /device/R331A/quota {}", kPayload),
            fmt::format("gateway q0 /device/R331A/quota {}", kPayload)};
  }

  std::unique_ptr<ReportRoute> kept;
};

TEST_F(ReportRoutes, AReportReachesWhomAMessageReaches) {
  EXPECT_EQ(report(), everyone());
  EXPECT_EQ(alice->last->payload.data(), bob->last->payload.data()) << "they share the payload";
  const ReportRoute* first = kept.get();
  EXPECT_EQ(report(), everyone());
  EXPECT_EQ(kept.get(), first) << "found once";
}

TEST_F(ReportRoutes, ARouteEndsWithASubscription) {
  EXPECT_EQ(report(), everyone());
  router.subscriptions().unsubscribe(*bob, home.open("bob", "#"));
  Lines others = everyone();
  others.erase(others.begin() + 1);
  EXPECT_EQ(report(), others);
  const FakePtr again =
      subscriber(home.account("bob").certificate_account, home.open("bob", "+/quota"));
  EXPECT_EQ(report(), others);
  EXPECT_THAT(again->got, SizeIs(1));
  const FakePtr successor = subscriber("open-nobody", "/open/nobody/#");
  router.subscriptions().rebind(*again, successor);
  EXPECT_EQ(report(), others);
  EXPECT_THAT(again->got, SizeIs(1));
  EXPECT_THAT(successor->got, SizeIs(1));
}

TEST_F(ReportRoutes, ARouteEndsWithARight) {
  EXPECT_EQ(report(), everyone());
  home.share(kSn, "bob", registry::Rights::kNone);
  fanout.use(home.registry->directory());
  Lines others = everyone();
  others.erase(others.begin() + 1);
  EXPECT_EQ(report(), others);
}

TEST_F(ReportRoutes, AFaultHoldsAReportBackFromItsAccount) {
  home.platform.fault_injector.set({{.fault = "stale_offline", .account = "alice"}});
  Lines others = everyone();
  others.erase(others.begin());
  EXPECT_EQ(report(), others);
  home.platform.fault_injector.set({});
  EXPECT_EQ(report(), everyone());
}

TEST_F(FanoutTest, AReportThatAFaultHoldsBackReachesTheOthers) {
  home.platform.fault_injector.set({{.fault = "stale_offline", .account = "alice"}});
  fanout.to_accounts(home.device(kSn), Verb::kQuota, {.like = message});
  fanout.to_accounts(home.device(kSn), Verb::kSetReply, {.like = message});
  end_turn();
  EXPECT_THAT(alice->got, SizeIs(1)) << "the reply";
  EXPECT_THAT(bob->got, SizeIs(2));
  EXPECT_THAT(tap->all, SizeIs(1)) << "the reply, once, as the owner's";
}

}  // namespace
}  // namespace gridloom::hub
