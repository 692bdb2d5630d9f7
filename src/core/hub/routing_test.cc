// Routing: reports to the owner and the accounts that the device is shared with, overlapping
// subscriptions, presence and its retained messages. With one shard and with several.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "testing/home.h"

namespace gridloom::hub {
namespace {

using registry::Rights;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;

constexpr std::string_view kOther = "HJ31ZDH2ZF690025";
constexpr std::string_view kReport = R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":5}})";

std::string status_payload(int status) {
  return fmt::format(R"({{"id":"1700000000000","version":"1.0","timestamp":1700000000000,)"
                     R"("params":{{"status":{}}}}})",
                     status);
}

class Routing : public testing::TestWithParam<std::size_t> {
 protected:
  Routing() : home(GetParam()) {
    alice = home.add_account("alice");
    bob = home.add_account("bob");
    home.add_device(kDelta2Sn, "alice");
    home.add_device(kOther, "alice");
  }
  [[nodiscard]] std::string line(std::string_view to, std::string_view rest) const {
    return home.open(to, fmt::format("{}/{}", kDelta2Sn, rest));
  }

  TestHome home;
  registry::AccountId alice{};
  registry::AccountId bob{};
};

INSTANTIATE_TEST_SUITE_P(Shards, Routing, testing::Values(1, 2, 5));

// proves v3: MQTT-4.5.0-1
// proves v5: MQTT-4.5.0-1
TEST_P(Routing, AReportReachesItsOwnerAndWhomItIsSharedWithAsItCame) {
  home.share(kDelta2Sn, "bob", Rights::kMonitor);
  home.add_account("carol");
  const FakePtr owner = home.subscriber("alice");
  const FakePtr guest = home.subscriber("bob");
  const FakePtr stranger = home.subscriber("carol");
  const FakePtr device = home.connect_device(kDelta2Sn);
  owner->take();
  guest->take();
  const std::string odd = R"({ "moduleType":1, "typeCode" : "pdStatus", "params":{"soc":5.0} } )";
  EXPECT_TRUE(home.report(device, kDelta2Sn, odd));
  EXPECT_THAT(owner->take(), ElementsAre("q1 " + line("alice", "quota ") + odd));
  EXPECT_THAT(guest->take(), ElementsAre("q1 " + line("bob", "quota ") + odd));
  EXPECT_THAT(stranger->take(), IsEmpty());
  EXPECT_EQ(home.read_all(bob, kDelta2Sn), R"({"pd.soc":5.0})");
}

// How often a report was refused for this reason.
std::uint64_t reports_refused(const hub::Platform& platform, std::string_view reason) {
  for (const ClientEvents::Count& count : platform.client_events.counts()) {
    if (count.kind == ClientEvent::Kind::kReportRefused && count.reason == reason) {
      return count.count;
    }
  }
  return 0;
}

TEST_P(Routing, AReportThatIsNotJsonIsForwardedAndCounted) {
  const FakePtr owner = home.subscriber("alice");
  const FakePtr device = home.connect_device(kDelta2Sn);
  owner->take();
  EXPECT_TRUE(home.report(device, kDelta2Sn, "\x01\xff"));
  EXPECT_THAT(owner->take(), ElementsAre("q1 " + line("alice", "quota \x01\xff")));
  EXPECT_EQ(home.platform.counters.reports.load(), 1U);
  EXPECT_EQ(home.platform.counters.reports_malformed.load(), 1U);
  EXPECT_EQ(reports_refused(home.platform, "malformed"), 1U);
  EXPECT_EQ(home.read_all(alice, kDelta2Sn), "{}");
}

TEST_P(Routing, QuotasBeyondTheLimitAreCounted) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  std::string report = R"({"params":{"n0":1)";
  for (std::size_t i = 1; i < home.platform.config.twin.extra_quotas + 3; ++i) {
    report += fmt::format(R"(,"n{}":1)", i);
  }
  EXPECT_TRUE(home.report(device, kDelta2Sn, report + "}}"));
  EXPECT_EQ(home.platform.counters.quotas_refused.load(), 3U);
  EXPECT_EQ(reports_refused(home.platform, "too many quotas"), 1U);
}

TEST_P(Routing, AReportIsAcknowledgedAfterItIsInTheTwin) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  auto message = std::make_shared<wire::mqtt::Message>();
  message->topic = fmt::format("/device/{}/quota", kDelta2Sn);
  message->payload = kReport;
  Hub::Batch batch(*home.hub);
  ASSERT_TRUE(batch.add(device, message, {.qos = Qos::kAtLeastOnce, .token = {.packet_id = 7}}));
  batch.post(device);
  EXPECT_THAT(device->acks, IsEmpty());
  home.settle();
  ASSERT_EQ(device->acks.size(), 1U);
  EXPECT_EQ(device->acks[0].token.packet_id, 7);
  EXPECT_EQ(device->acks[0].reason, wire::mqtt::Reason::kSuccess);
}

// proves v3: MQTT-3.8.4-6
// proves v5: MQTT-3.8.4-8
TEST_P(Routing, QosIsTheLowerOfReportAndSubscription) {
  const FakePtr app = home.connect_app("alice");
  home.subscribe(app, {.filter = line("alice", "quota"), .qos = Qos::kAtMostOnce});
  const FakePtr device = home.connect_device(kDelta2Sn);
  const std::string topic = fmt::format("/device/{}/quota", kDelta2Sn);
  home.publish(device, topic, "{}", Qos::kAtLeastOnce);
  home.subscribe(app, {.filter = line("alice", "quota"), .qos = Qos::kExactlyOnce});
  home.publish(device, topic, "{}", Qos::kAtMostOnce);
  home.publish(device, topic, "{}", Qos::kAtLeastOnce);
  const std::string rest = line("alice", "quota {}");
  EXPECT_THAT(app->take(), ElementsAre("q0 " + rest, "q0 " + rest, "q1 " + rest));
}

// proves v3: MQTT-3.3.5-1
// proves v5: MQTT-3.3.4-2, MQTT-3.3.4-3, MQTT-3.3.4-4
TEST_P(Routing, OverlappingSubscriptionsDeliverOnceAtTheHighestQosWithAllIds) {
  const FakePtr app = home.connect_app("alice");
  home.subscribe(app, {.filter = line("alice", "quota"), .qos = Qos::kAtMostOnce, .id = 1});
  home.subscribe(app, {.filter = home.open("alice", "+/quota"), .qos = Qos::kAtLeastOnce, .id = 2});
  home.subscribe(app, {.filter = home.open("alice", "#"),
                       .qos = Qos::kAtMostOnce,
                       .id = 3,
                       .send_retained = false});
  home.subscribe(app, {.filter = line("alice", "status"), .id = 4, .send_retained = false});
  const FakePtr device = home.connect_device(kDelta2Sn);
  app->take();
  home.report(device, kDelta2Sn, "{}");
  EXPECT_THAT(app->take(), ElementsAre("q1 " + line("alice", "quota {} #1,2,3")));
}

// proves v5: MQTT-3.8.4-3
TEST_P(Routing, ASecondSubscriptionToAFilterReplacesTheFirst) {
  const FakePtr app = home.connect_app("alice");
  home.subscribe(app, {.filter = line("alice", "quota"), .qos = Qos::kAtLeastOnce, .id = 1});
  home.subscribe(app, {.filter = line("alice", "quota"), .qos = Qos::kAtMostOnce, .id = 2});
  const FakePtr device = home.connect_device(kDelta2Sn);
  home.report(device, kDelta2Sn, "{}");
  EXPECT_THAT(app->take(), ElementsAre("q0 " + line("alice", "quota {} #2")));
}

// proves v3: MQTT-3.10.4-2
// proves v5: MQTT-3.10.4-2
TEST_P(Routing, UnsubscribingEndsOneFilterAndLeavesTheOthers) {
  const FakePtr app = home.connect_app("alice");
  const std::string exact = line("alice", "quota");
  const std::string wild = home.open("alice", "+/quota");
  home.subscribe(app, {.filter = exact, .id = 1});
  home.subscribe(app, {.filter = wild, .id = 2});
  const FakePtr device = home.connect_device(kDelta2Sn);
  home.hub->unsubscribe(app, exact);
  home.hub->unsubscribe(app, "/never/subscribed");
  home.settle();
  home.report(device, kDelta2Sn, "{}");
  EXPECT_THAT(app->take(), ElementsAre("q0 " + exact + " {} #2"));
  home.hub->unsubscribe(app, wild);
  home.report(device, kDelta2Sn, "{}");
  EXPECT_THAT(app->take(), IsEmpty());
}

// proves v3: MQTT-4.5.0-1
// proves v5: MQTT-4.5.0-1
TEST_P(Routing, EveryConnectionOfAnAccountIsServed) {
  const FakePtr first = home.subscriber("alice", "one");
  const FakePtr second = home.subscriber("alice", "two");
  const FakePtr device = home.connect_device(kDelta2Sn);
  first->take();
  second->take();
  home.report(device, kDelta2Sn, "{}");
  EXPECT_EQ(first->take().size(), 1U);
  EXPECT_EQ(second->take().size(), 1U);
  home.leave(first);
  home.report(device, kDelta2Sn, "{}");
  EXPECT_THAT(first->take(), IsEmpty());
  EXPECT_EQ(second->take().size(), 1U);
}

// proves v5: MQTT-3.8.3-3
TEST_P(Routing, ASetIsEchoedToItsSenderUnlessItWantsNoLocal) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  const FakePtr app = home.connect_app("alice", "one");
  const FakePtr shy = home.connect_app("alice", "two");
  home.subscribe(app, {.filter = line("alice", "set"), .qos = Qos::kAtLeastOnce});
  home.subscribe(shy, {.filter = line("alice", "set"), .qos = Qos::kAtLeastOnce, .no_local = true});
  const std::string set =
      R"({"id":1,"moduleType":5,"operateType":"quietMode","params":{"enabled":1}})";
  home.publish(app, line("alice", "set"), set);
  EXPECT_THAT(app->take(), ElementsAre("q1 " + line("alice", "set ") + set));
  EXPECT_THAT(shy->take(), ElementsAre("q1 " + line("alice", "set ") + set));
  home.publish(shy, line("alice", "set"), set);
  EXPECT_EQ(app->take().size(), 1U);
  EXPECT_THAT(shy->take(), IsEmpty());
}

TEST_P(Routing, ANewSubscriberLearnsTheStatusOfItsDevicesAtOnce) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  const std::string online = "q1 retained " + line("alice", "status ") + status_payload(1);
  const std::string offline =
      "q1 retained " + home.open("alice", fmt::format("{}/status ", kOther)) + status_payload(0);

  for (const std::string_view rest : {"#", "+/status", "+/#", "+/+"}) {
    const FakePtr app = home.connect_app("alice");
    home.subscribe(app, {.filter = home.open("alice", rest), .qos = Qos::kAtLeastOnce});
    EXPECT_THAT(app->take(), UnorderedElementsAre(online, offline)) << rest;
  }
  for (const std::string_view rest : {"status", "#", "+"}) {
    const FakePtr app = home.connect_app("alice");
    home.subscribe(app, {.filter = line("alice", rest), .qos = Qos::kExactlyOnce, .id = 9});
    EXPECT_THAT(app->take(), ElementsAre(online + " #9")) << rest;
  }
  const FakePtr app = home.connect_app("alice");
  home.subscribe(app, {.filter = line("alice", "quota"), .qos = Qos::kAtLeastOnce});
  home.subscribe(app, {.filter = home.open("alice", "+/quota"), .qos = Qos::kAtLeastOnce});
  home.subscribe(app, {.filter = line("alice", "status"), .send_retained = false});
  EXPECT_THAT(app->take(), IsEmpty());
  home.subscribe(app, {.filter = line("alice", "status"), .qos = Qos::kAtMostOnce});
  EXPECT_THAT(app->take(), ElementsAre(StartsWith("q0 retained ")));
}

TEST_P(Routing, StatusOfAnotherAccountsDeviceIsNotDelivered) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  const FakePtr app = home.connect_app("bob");
  EXPECT_TRUE(home.subscribe(app, {.filter = line("bob", "status"), .qos = Qos::kAtLeastOnce}));
  EXPECT_TRUE(home.subscribe(app, {.filter = home.open("bob", "#"), .qos = Qos::kAtLeastOnce}));
  EXPECT_THAT(app->take(), IsEmpty());
  home.share(kDelta2Sn, "bob", Rights::kMonitor);
  const FakePtr later = home.connect_app("bob", "later");
  home.subscribe(later, {.filter = home.open("bob", "#"), .qos = Qos::kAtLeastOnce});
  EXPECT_THAT(later->take(),
              ElementsAre("q1 retained " + line("bob", "status ") + status_payload(1)));
}

TEST_P(Routing, PresenceFollowsConnectionsAndEachChangeIsPublished) {
  const FakePtr app = home.subscriber("alice");
  const std::string on = "q1 " + line("alice", "status ") + status_payload(1);
  const std::string off = "q1 " + line("alice", "status ") + status_payload(0);
  EXPECT_FALSE(home.platform.presence.online(kDelta2Sn));

  const FakePtr first = home.connect_device(kDelta2Sn, "one");
  EXPECT_TRUE(home.platform.presence.online(kDelta2Sn));
  EXPECT_THAT(app->take(), ElementsAre(on));
  const FakePtr second = home.connect_device(kDelta2Sn, "two");
  home.leave(first);
  EXPECT_TRUE(home.platform.presence.online(kDelta2Sn));
  EXPECT_THAT(app->take(), IsEmpty());
  home.leave(second);
  EXPECT_FALSE(home.platform.presence.online(kDelta2Sn));
  EXPECT_EQ(home.platform.presence.count(), 0U);
  EXPECT_THAT(app->take(), ElementsAre(off));
}

TEST_P(Routing, AGatewaysDevicesAreOnlineFromTheirFirstMessageToItsEnd) {
  const FakePtr app = home.subscriber("alice");
  const FakePtr gateway = home.connect_gateway("alice");
  EXPECT_EQ(home.platform.presence.count(), 0U);
  EXPECT_TRUE(home.report(gateway, kDelta2Sn, std::string(kReport)));
  EXPECT_TRUE(home.platform.presence.online(kDelta2Sn));
  EXPECT_FALSE(home.platform.presence.online(kOther));
  home.report(gateway, kOther, "{}");
  EXPECT_EQ(home.platform.presence.count(), 2U);
  app->take();
  home.leave(gateway);
  EXPECT_EQ(home.platform.presence.count(), 0U);
  EXPECT_THAT(app->take(), UnorderedElementsAre(HasSubstr(fmt::format("{}/status", kDelta2Sn)),
                                                HasSubstr(fmt::format("{}/status", kOther))));
}

TEST_P(Routing, ADeviceMayTellItsPresenceItself) {
  const FakePtr app = home.subscriber("alice");
  const FakePtr gateway = home.connect_gateway("alice");
  const std::string topic = fmt::format("/device/{}/status", kDelta2Sn);
  const std::string on = "q1 " + line("alice", "status ") + status_payload(1);
  const std::string off = "q1 " + line("alice", "status ") + status_payload(0);
  home.publish(gateway, topic, R"({"params":{"status":1}})");
  EXPECT_THAT(app->take(), ElementsAre(on));
  home.publish(gateway, topic, R"({"params":{"status":1}})");
  EXPECT_THAT(app->take(), IsEmpty());
  home.publish(gateway, topic, R"({"params":{"status":0}})");
  EXPECT_FALSE(home.platform.presence.online(kDelta2Sn));
  EXPECT_THAT(app->take(), ElementsAre(off));
  home.publish(gateway, topic, R"({"params":{"status":0}})");
  home.publish(gateway, topic, "neither JSON nor a status");
  home.publish(gateway, topic, R"({"params":{"status":"x"}})");
  EXPECT_THAT(app->take(), IsEmpty());
  home.report(gateway, kDelta2Sn, std::string(kReport));
  EXPECT_TRUE(home.platform.presence.online(kDelta2Sn));
  EXPECT_EQ(app->take().size(), 2U);  // the status and the report
  home.publish(gateway, topic, R"({"params":{"status":0}})");
  app->take();
  home.leave(gateway);
  EXPECT_THAT(app->take(), IsEmpty());  // the device was offline already
}

TEST_P(Routing, ClientsPublishOnlyToTheirOwnTopics) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  const FakePtr app = home.connect_app("alice");
  const FakePtr gateway = home.connect_gateway("bob");
  const std::string others = fmt::format("/device/{}/quota", kOther);
  const std::string own = fmt::format("/device/{}/quota", kDelta2Sn);
  EXPECT_FALSE(home.publish(device, others, "{}"));
  EXPECT_FALSE(home.publish(device, fmt::format("/device/{}/set", kDelta2Sn), "{}"));
  EXPECT_FALSE(home.publish(device, line("alice", "quota"), "{}"));
  EXPECT_FALSE(home.publish(app, own, "{}"));
  EXPECT_FALSE(home.publish(app, line("alice", "quota"), "{}"));
  EXPECT_FALSE(home.publish(app, line("alice", "status"), "{}"));
  EXPECT_FALSE(home.publish(app, line("alice", "set_reply"), "{}"));
  EXPECT_FALSE(home.publish(app, line("bob", "set"), "{}"));
  EXPECT_FALSE(home.publish(app, "anything/else", "{}"));
  // Only the shard knows the device's owner: the message is accepted here, and refused in its ack.
  EXPECT_TRUE(home.publish(gateway, own, std::string(kReport)));
  ASSERT_EQ(gateway->acks.size(), 1U);
  EXPECT_EQ(gateway->acks[0].reason, wire::mqtt::Reason::kNotAuthorized);
  EXPECT_EQ(home.read_all(alice, kDelta2Sn), "{}");
}

TEST_P(Routing, AMovedDeviceReportsToItsNewOwnerOnly) {
  home.share(kDelta2Sn, "bob", Rights::kMonitor);
  const FakePtr device = home.connect_device(kDelta2Sn);
  const FakePtr old = home.subscriber("alice");
  const FakePtr fresh = home.subscriber("bob");
  static_cast<void>(must(home.registry->move_device({.sn = kDelta2Sn, .owner = "bob"})));
  home.settle();
  // Messages still sent by the former owner's connection do not reach the new owner.
  device->acks.clear();
  home.report(device, kDelta2Sn, std::string(kReport));
  EXPECT_EQ(device->acks.at(0).reason, wire::mqtt::Reason::kNotAuthorized);
  EXPECT_THAT(fresh->take(), IsEmpty());
  home.leave(device);
  const FakePtr again = home.connect_device(kDelta2Sn);
  static_cast<void>(fresh->take());
  home.report(again, kDelta2Sn, std::string(kReport));
  EXPECT_THAT(old->take(), IsEmpty());
  EXPECT_THAT(fresh->take(), ElementsAre("q1 " + line("bob", "quota ") + std::string(kReport)));
  EXPECT_THAT(home.read_all(alice, kDelta2Sn), StartsWith("8512 "));
}

TEST_P(Routing, AShareThatEndsIsEndedAtOnce) {
  home.share(kDelta2Sn, "bob", Rights::kMonitor);
  const FakePtr guest = home.subscriber("bob");
  const FakePtr device = home.connect_device(kDelta2Sn);
  guest->take();
  home.share(kDelta2Sn, "bob", Rights::kNone);
  home.report(device, kDelta2Sn, std::string(kReport));
  EXPECT_THAT(guest->take(), IsEmpty());
}

TEST_P(Routing, AThrottledClientIsResumedWhenTheShardsHaveCaughtUp) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  Hub::Batch batch(*home.hub);
  const auto report = std::make_shared<const wire::mqtt::Message>(wire::mqtt::Message{
      .topic = fmt::format("/device/{}/quota", kDelta2Sn), .payload = std::string(kReport)});
  int sent = 0;
  for (; sent < 10'000 && !device->is_throttled(); ++sent) {
    ASSERT_TRUE(batch.add(device, report, {}));
    batch.post(device);
  }
  EXPECT_LT(sent, 1000);
  EXPECT_EQ(device->told_to_go_on, 0);
  home.settle();
  EXPECT_FALSE(device->is_throttled());
  EXPECT_EQ(device->told_to_go_on, 1);

  const FakePtr app = home.connect_app("alice");
  for (int i = 0; i < 10'000 && !app->is_throttled(); ++i) {
    ASSERT_TRUE(home.hub->subscribe(app, {.filter = line("alice", "quota")}));
    home.hub->unsubscribe(app, line("alice", "quota"));
  }
  EXPECT_TRUE(app->is_throttled());
  home.settle();
  EXPECT_FALSE(app->is_throttled());
  EXPECT_EQ(app->told_to_go_on, 1);
}

}  // namespace
}  // namespace gridloom::hub
