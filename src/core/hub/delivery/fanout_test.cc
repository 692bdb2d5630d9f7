#include "hub/delivery/fanout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hub/clients/session_changes.h"
#include "testing/home.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
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

wire::mqtt::Message message(std::string payload) { return {.payload = std::move(payload)}; }

class RouterTest : public testing::Test {
 protected:
  FakePtr client(std::string name, std::string id = "c") {
    return std::make_shared<FakeClient>(home.client_loop, Identity{.name = std::move(name)},
                                        std::move(id));
  }
  FakePtr subscriber(std::string name, const Subscription& subscription) {
    FakePtr made = client(std::move(name));
    router.subscriptions().subscribe(made, subscription);
    return made;
  }
  // Hands over what was collected, at the end of a turn.
  void end_turn() {
    writer.append();
    router.flush();
    home.settle();
  }

  TestHome home{1};
  TurnWriter writer{home.platform, [](std::uint64_t) {}};
  int caught_up = 0;
  Router router{home.platform, writer, [this] { ++caught_up; }};
};

TEST_F(RouterTest, AllReceiversOfATopicShareAMessageAndAllTopicsAPayload) {
  const FakePtr one = subscriber("open-a", {.filter = "/open/open-a/#"});
  const FakePtr two = subscriber("open-a", {.filter = "/open/open-a/R331A/quota"});
  const FakePtr other = subscriber("open-b", {.filter = "/open/open-b/#"});
  const FakePtr own = subscriber(kSn, {.filter = "/device/R331A/quota"});
  const FakePtr gateway = subscriber("gateway:anna", {.filter = "/device/+/quota"});
  const wire::mqtt::Message report = message("a report that is longer than a string in place");
  for (const std::string account : {"open-a", "open-b"})
    router.to_apps(account, kSn, Verb::kQuota, {.like = report});
  router.to_device(kSn, Verb::kQuota, {.like = report});
  router.to_gateways("anna", kSn, Verb::kQuota, {.like = report});
  EXPECT_THAT(one->got, IsEmpty()) << "not before the end of the turn";
  end_turn();
  EXPECT_EQ(one->last, two->last);
  EXPECT_EQ(one->last->topic, "/open/open-a/R331A/quota");
  EXPECT_EQ(other->last->topic, "/open/open-b/R331A/quota");
  EXPECT_EQ(own->last->topic, "/device/R331A/quota");
  EXPECT_EQ(gateway->last->topic, "/device/R331A/quota");
  for (const FakePtr& each : {one, two, other, own, gateway}) {
    EXPECT_THAT(each->got, SizeIs(1));
    EXPECT_EQ(each->last->payload.data(), report.payload.data());
  }
  EXPECT_EQ(router.deliveries(), 5);
  EXPECT_TRUE(router.empty());
}

TEST_F(RouterTest, OverlappingSubscriptionsOfAClientAreOneDelivery) {
  const FakePtr app =
      subscriber("open-a", {.filter = "/open/open-a/#", .qos = Qos::kAtMostOnce, .id = 1});
  router.subscriptions().subscribe(
      app, {.filter = "/open/open-a/R331A/quota", .qos = Qos::kAtLeastOnce, .id = 2});
  router.to_apps("open-a", kSn, Verb::kQuota,
                 {.like = message("{}"), .qos = Qos::kExactlyOnce, .retain = true});
  end_turn();
  EXPECT_THAT(app->got, ElementsAre("q1 /open/open-a/R331A/quota {} #2,1"));
}

TEST_F(RouterTest, SubscriptionOptionsAreKept) {
  const FakePtr deaf = subscriber(
      "open-a", {.filter = "/open/open-a/#", .qos = Qos::kAtLeastOnce, .no_local = true});
  const FakePtr exact = subscriber(
      "open-a",
      {.filter = "/open/open-a/#", .qos = Qos::kAtLeastOnce, .retain_as_published = true});
  router.to_apps(
      "open-a", kSn, Verb::kSet,
      {.like = message("1"), .qos = Qos::kAtLeastOnce, .retain = true, .from = deaf.get()});
  end_turn();
  EXPECT_THAT(deaf->got, IsEmpty());
  EXPECT_THAT(exact->got, ElementsAre("q1 retained /open/open-a/R331A/set 1"));
}

TEST_F(RouterTest, WhatIsOfferedMustMatchAndBeOfUse) {
  const FakePtr app = client("open-a");
  const Subscription subscription{
      .filter = "/open/open-a/+/status", .qos = Qos::kAtLeastOnce, .id = 7};
  const auto offer = [&](const std::string& topic, wire::mqtt::Message retained) {
    router.offer(app, subscription, topic, retained, Qos::kExactlyOnce);
    end_turn();
    return app->take();
  };
  EXPECT_THAT(offer("/open/open-a/R331A/status", message("1")),
              ElementsAre("q1 retained /open/open-a/R331A/status 1 #7"));
  EXPECT_THAT(offer("/open/open-a/R331A/quota", message("1")), IsEmpty());
  wire::mqtt::Message expired = message("1");
  expired.expires_at = home.clock.now();
  EXPECT_THAT(offer("/open/open-a/R331A/status", expired), IsEmpty());
}

TEST_F(RouterTest, MembersOfAGroupTakeTurnsAndLeaveTheRestToEachOther) {
  const std::string filter = "$share/g//open/open-a/#";
  const FakePtr one = subscriber("open-a", {.filter = filter, .qos = Qos::kAtLeastOnce});
  const FakePtr two = subscriber("open-a", {.filter = filter, .qos = Qos::kAtMostOnce});
  for (const std::string payload : {"1", "2"}) {
    router.to_apps("open-a", kSn, Verb::kQuota,
                   {.like = message(payload), .qos = Qos::kAtLeastOnce});
  }
  end_turn();
  EXPECT_THAT(one->got, SizeIs(1));
  EXPECT_THAT(two->got, SizeIs(1));
  EXPECT_EQ(router.subscriptions().remove(*one), 1U);
  const Delivery left{.message = one->last,
                      .qos = Qos::kAtLeastOnce,
                      .subscription_ids = {},
                      .share = std::make_shared<const std::string>(filter)};
  two->take();
  router.hand_on(*one, 0, {left});
  end_turn();
  EXPECT_THAT(two->got,
              ElementsAre("q0 /open/open-a/R331A/quota " + std::string(one->last->payload)));
  EXPECT_EQ(two->last, one->last);
}

TEST_F(RouterTest, WhatSessionsKeepIsRecordedWithOnePacketForAll) {
  Lines recorded;
  std::int64_t number = 0;
  home.platform.sessions = SessionKeeper{
      .new_number = [&number] { return ++number; },
      .take =
          [&recorded](std::string_view all) {
            EXPECT_TRUE(each_change(all, [&recorded](const SessionChange& change) {
              const auto& kept = std::get<MessageKept>(change);
              recorded.push_back(fmt::format("session {} message {}{}", kept.session, kept.message,
                                             kept.packet.empty() ? "" : " packet"));
            }));
          }};
  const FakePtr one = subscriber("open-a", {.filter = "/open/open-a/#", .qos = Qos::kAtLeastOnce});
  const FakePtr two = subscriber("open-a", {.filter = "/open/open-a/#", .qos = Qos::kExactlyOnce});
  const FakePtr forgets =
      subscriber("open-a", {.filter = "/open/open-a/#", .qos = Qos::kAtLeastOnce});
  one->set_stored_number(11);
  two->set_stored_number(12);
  router.to_apps("open-a", kSn, Verb::kQuota, {.like = message("1"), .qos = Qos::kExactlyOnce});
  router.to_apps("open-a", kSn, Verb::kQuota, {.like = message("2"), .qos = Qos::kAtMostOnce});
  end_turn();
  EXPECT_THAT(recorded, ElementsAre("session 11 message 1 packet", "session 12 message 2"));
  EXPECT_THAT(forgets->got, SizeIs(2));
}

TEST_F(RouterTest, AcknowledgementsLeaveWithTheDeliveriesOfATurn) {
  const FakePtr device = client(kSn);
  router.acknowledge(device, {.token = {.packet_id = 7}});
  EXPECT_FALSE(router.empty());
  end_turn();
  ASSERT_THAT(device->acks, SizeIs(1));
  EXPECT_EQ(device->acks.front().token.packet_id, 7);
}

TEST_F(RouterTest, SaysWhenTheLoopsAreBehindAndWhenTheyCaughtUp) {
  const FakePtr app = subscriber("open-a", {.filter = "/open/open-a/#"});
  for (std::size_t i = 0; i + 1 < Router::kMaxUndelivered; ++i)
    router.to_apps("open-a", kSn, Verb::kQuota, {.like = message("{}")});
  router.flush();
  EXPECT_FALSE(router.is_ahead_of_loops());
  router.to_apps("open-a", kSn, Verb::kQuota, {.like = message("{}")});
  router.flush();
  EXPECT_TRUE(router.is_ahead_of_loops());
  EXPECT_EQ(caught_up, 0);
  home.settle();
  EXPECT_FALSE(router.is_ahead_of_loops());
  EXPECT_EQ(caught_up, 1);
  EXPECT_THAT(app->got, SizeIs(Router::kMaxUndelivered));
}

}  // namespace
}  // namespace gridloom::hub
