// Devices, apps and shards at different nodes.
#include "hubs/cluster.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hubs/test_cluster.h"

namespace gridloom::hub {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Scope = ChangeReaderOptions::Scope;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";
constexpr std::string_view kSet = R"({"sn":"R331ZEB4ZEAL0528","moduleType":5,"operateType":)"
                                  R"("quietMode","params":{"enabled":1}})";

std::string report_of(int soc) {
  return fmt::format(
      R"({{"id":1,"version":"1.0","moduleType":1,"typeCode":"pdStatus","params":{{"soc":{}}}}})",
      soc);
}

// The device's shard is at `a`, the device is connected at `b`, and the app at `c`.
class ClusterTest : public testing::Test {
 protected:
  ClusterTest() {
    cluster.home.add_account("alice");
    cluster.home.add_device(kSn, "alice");
    cluster.settle();
    cluster.place(partition_of(kSn), "a");
    cluster.settle();
    app = cluster.subscriber(c, "alice");
    device = cluster.connect_device(b, kSn);
  }
  [[nodiscard]] static std::string own(std::string_view verb) {
    return fmt::format("/device/{}/{}", kSn, verb);
  }
  [[nodiscard]] std::string open(std::string_view verb) const {
    return cluster.home.open("alice", fmt::format("{}/{}", kSn, verb));
  }
  void report(int soc, std::uint16_t packet_id = 1) {
    cluster.publish(b, device,
                    {.topic = own("quota"), .payload = report_of(soc), .packet_id = packet_id});
  }
  // The messages that the app got, without the device's presence.
  Lines app_got() {
    Lines lines;
    for (std::string& line : app->take()) {
      if (!line.contains("/status ")) lines.push_back(std::move(line));
    }
    return lines;
  }

  TestCluster cluster{3};
  TestCluster::Member& a = cluster[0];
  TestCluster::Member& b = cluster[1];
  TestCluster::Member& c = cluster[2];
  FakePtr app;
  FakePtr device;
};

TEST_F(ClusterTest, AReportIsTakenAtTheOwnerAndReachesTheApp) {
  EXPECT_EQ(b.cluster->owner_of(partition_of(kSn)), "a");
  report(41, 7);
  EXPECT_THAT(app_got(), ElementsAre(HasSubstr("\"soc\":41")));
  ASSERT_THAT(device->acks, SizeIs(1));
  EXPECT_EQ(device->acks[0].token.packet_id, 7);
  EXPECT_TRUE(device->is_settled());
  EXPECT_THAT(a.log.values_of("pd.soc"), ElementsAre("41"));
  EXPECT_THAT(b.log.values_of("pd.soc"), IsEmpty());
}

TEST_F(ClusterTest, AnAcknowledgementWaitsForTheOwnersLog) {
  a.is_durable = false;
  report(41);
  EXPECT_THAT(device->acks, IsEmpty());
  a.is_durable = true;
  cluster.settle();
  EXPECT_THAT(device->acks, SizeIs(1));
}

TEST_F(ClusterTest, AReadIsAnsweredByTheOwner) {
  report(41);
  for (TestCluster::Member* at : {&a, &b, &c}) {
    EXPECT_THAT(cluster.read_all(*at, "alice", kSn).text(), HasSubstr("41")) << at->name;
  }
}

TEST_F(ClusterTest, ASetReachesTheDeviceAndItsReplyTheApp) {
  const TestHome::Answer answer = cluster.set(c, "alice", kSn, kSet);
  EXPECT_FALSE(answer.here());
  const Lines sets = device->take();
  ASSERT_THAT(sets, SizeIs(1));
  const std::string id = member_of(payload_of(sets[0]), "id");
  cluster.publish(b, device,
                  {.topic = own("set_reply"),
                   .payload = fmt::format(R"({{"id":{},"code":"0","data":{{"ack":1}}}})", id)});
  EXPECT_THAT(answer.text(), HasSubstr("\"ack\":1"));
}

TEST_F(ClusterTest, ASetOverMqttReachesTheDeviceAndItsReplyTheApp) {
  cluster.publish(c, app, {.topic = open("set"), .payload = std::string(kSet)});
  EXPECT_THAT(app->acks, SizeIs(1));
  ASSERT_THAT(device->take(), SizeIs(1));
  app->take();
  cluster.publish(b, device, {.topic = own("set_reply"), .payload = R"({"id":1,"code":"0"})"});
  EXPECT_THAT(app_got(), ElementsAre(HasSubstr("set_reply")));
}

TEST_F(ClusterTest, EachNodeKnowsWhichDevicesAreOnline) {
  const registry::AccountId alice = cluster.home.account("alice").id;
  for (const auto& member : cluster.members) EXPECT_TRUE(member->hub->online(alice, kSn));
  b.hub->disconnected(device);
  b.hub->ended(device);
  cluster.settle();
  for (const auto& member : cluster.members) EXPECT_FALSE(member->hub->online(alice, kSn));
}

// What is published when the client was told of its subscription, or of its end, comes behind it.
TEST_F(ClusterTest, ASubscriptionAndItsEndAreAnsweredWhenTheOwnersHaveThem) {
  for (const std::string& filter : {open("quota"), cluster.home.open("alice", "+/quota")}) {
    const FakePtr late = cluster.connect_app(c, "alice", "late");
    int told = 0;
    const auto count = [&told] { ++told; };
    const FilterScope granted = c.hub->access().grant(late->identity(), filter);
    c.hub->subscribe(late, {.filter = filter, .qos = Qos::kAtLeastOnce}, granted, count);
    EXPECT_FALSE(late->is_settled()) << "its credit comes back with the answer";
    while (c.run()) {
    }
    EXPECT_EQ(told, 0);
    cluster.settle();
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(late->is_settled());
    report(41);
    EXPECT_THAT(late->take(), ElementsAre(HasSubstr("41")));
    c.hub->unsubscribe(late, filter, count);
    while (c.run()) {
    }
    EXPECT_EQ(told, 1);
    cluster.settle();
    EXPECT_EQ(told, 2);
    EXPECT_TRUE(late->is_settled());
    report(42);
    EXPECT_THAT(late->take(), IsEmpty());
  }
}

TEST_F(ClusterTest, ASubscriptionIsAnsweredAlthoughAnOwnerGoesAway) {
  int told = 0;
  const std::string filter = open("quota");
  const auto subscribe = [&] {
    c.hub->subscribe(app, {.filter = filter}, c.hub->access().grant(app->identity(), filter),
                     [&told] { ++told; });
  };
  subscribe();
  cluster.kill(a);
  cluster.settle();
  EXPECT_EQ(told, 1);
  subscribe();
  cluster.settle();
  EXPECT_EQ(told, 2);
  EXPECT_TRUE(app->is_settled());
}

TEST_F(ClusterTest, RetainedMessagesReachALateSubscriber) {
  cluster.publish(b, device, {.topic = own("quota"), .payload = report_of(9), .retain = true});
  const FakePtr late = cluster.connect_app(b, "alice", "late");
  ASSERT_TRUE(b.hub->subscribe(late, {.filter = cluster.home.open("alice", "+/quota")}));
  cluster.settle();
  EXPECT_THAT(late->take(), ElementsAre(HasSubstr("retained")));
}

TEST_F(ClusterTest, OneMemberOfAGroupGetsEachMessageWhereverItIs) {
  const std::string filter = "$share/g/" + open("quota");
  std::vector<FakePtr> group;
  for (const auto& member : cluster.members) {
    group.push_back(cluster.connect_app(*member, "alice", "member"));
    ASSERT_TRUE(member->hub->subscribe(group.back(), {.filter = filter, .qos = Qos::kAtLeastOnce}));
    cluster.settle();
  }
  for (int i = 0; i < 6; ++i) report(i);
  for (const FakePtr& member : group) EXPECT_THAT(member->take(), SizeIs(2));
  // One without a connection gets none, though its session goes on.
  group[0]->set_present(false);
  cluster[0].hub->disconnected(group[0]);
  group[1]->set_present(false);
  cluster[1].hub->disconnected(group[1]);
  cluster.settle();
  for (int i = 0; i < 3; ++i) report(i);
  EXPECT_THAT(group[2]->take(), SizeIs(3));
}

TEST_F(ClusterTest, ASessionGoesOnAtAnotherConnection) {
  const FakePtr fresh = std::make_shared<FakeClient>(c.client_loop, app->identity(), "app");
  c.hub->connected(fresh);
  int done = 0;
  c.hub->rebind(app, fresh, [&done] { ++done; });
  cluster.settle();
  EXPECT_EQ(done, 1);
  report(55);
  EXPECT_THAT(app_got(), IsEmpty());
  EXPECT_THAT(fresh->take(), Contains(HasSubstr("\"soc\":55")));
}

TEST_F(ClusterTest, AClientThatEndedIsForgottenEverywhere) {
  const std::weak_ptr<FakeClient> weak = app;
  c.hub->disconnected(app);
  c.hub->ended(app);
  cluster.settle();
  app = nullptr;
  EXPECT_TRUE(weak.expired());
}

TEST_F(ClusterTest, DeliveriesOfASharedSubscriptionThatWereNotTakenAreHandedOn) {
  const std::string filter = "$share/g/" + open("quota");
  const FakePtr one = cluster.connect_app(b, "alice", "one");
  const FakePtr other = cluster.connect_app(c, "alice", "other");
  ASSERT_TRUE(b.hub->subscribe(one, {.filter = filter, .qos = Qos::kAtLeastOnce}));
  ASSERT_TRUE(c.hub->subscribe(other, {.filter = filter, .qos = Qos::kAtLeastOnce}));
  cluster.settle();
  b.hub->ended(one);
  int done = 0;
  b.hub->hand_on(one, 0,
                 {{.message = std::make_shared<const wire::mqtt::Message>(
                       wire::mqtt::Message{.topic = open("quota"), .payload = "{}"}),
                   .qos = Qos::kAtLeastOnce,
                   .subscription_ids = {},
                   .share = std::make_shared<const std::string>(filter)}},
                 [&done] { ++done; });
  cluster.settle();
  EXPECT_EQ(done, 1);
  EXPECT_THAT(other->take(), SizeIs(1));
}

TEST_F(ClusterTest, AClientWhoseCredentialsEndIsDisconnectedAtItsNode) {
  static_cast<void>(must(cluster.home.registry->rotate_device(kSn)));
  cluster.settle();
  EXPECT_THAT(device->kicked, Contains(KickReason::kNotAuthorized));
}

// --- a node goes away

TEST_F(ClusterTest, WhatWaitsForANodeThatGoesAwayIsAnswered) {
  const TestHome::Answer set = cluster.set(c, "alice", kSn, kSet);
  EXPECT_FALSE(set.here());
  cluster.bus.cut("a", "c", MemoryBus::Told::kYes);
  cluster.settle();
  EXPECT_THAT(set.text(), HasSubstr("6012"));
  EXPECT_THAT(cluster.read_all(c, "alice", kSn).text(), HasSubstr("6012"));
  EXPECT_THAT(device->take(), SizeIs(1));  // once
}

TEST_F(ClusterTest, ANodeThatDoesNotAnswerIsWaitedForUntilTheDeadline) {
  cluster.bus.cut("a", "c", MemoryBus::Told::kNo);
  const TestHome::Answer read = cluster.read_all(c, "alice", kSn);
  cluster.pass(Millis(8000));
  EXPECT_FALSE(read.here());
  cluster.pass(Millis(1500));
  EXPECT_THAT(read.text(), HasSubstr("6012"));
}

TEST_F(ClusterTest, AnOwnerEndsTheClientsOfADoorThatGoesAway) {
  const registry::AccountId alice = cluster.home.account("alice").id;
  cluster.bus.cut("a", "b", MemoryBus::Told::kYes);
  cluster.settle();
  EXPECT_FALSE(a.hub->online(alice, kSn));
  EXPECT_FALSE(c.hub->online(alice, kSn));
  cluster.bus.link("a", "b");
  cluster.settle();
  EXPECT_TRUE(a.hub->online(alice, kSn));
  app->take();
  report(3);
  EXPECT_THAT(app_got(), SizeIs(1));
}

TEST_F(ClusterTest, APublicationToANodeThatIsAwayWaitsAndHoldsCredit) {
  cluster.bus.cut("a", "b", MemoryBus::Told::kYes);
  cluster.settle();
  report(3);
  EXPECT_THAT(device->acks, IsEmpty());
  EXPECT_FALSE(device->is_settled());
  cluster.bus.link("a", "b");
  cluster.settle();
  EXPECT_THAT(device->acks, SizeIs(1));
  EXPECT_TRUE(device->is_settled());
  EXPECT_THAT(a.log.values_of("pd.soc"), ElementsAre("3"));
}

TEST_F(ClusterTest, APublicationOfQos0ToANodeThatIsAwayIsDropped) {
  cluster.bus.cut("a", "b", MemoryBus::Told::kYes);
  cluster.settle();
  cluster.publish(b, device,
                  {.topic = own("quota"), .payload = report_of(3), .qos = Qos::kAtMostOnce});
  EXPECT_TRUE(device->is_settled());
}

TEST_F(ClusterTest, ASetThatALostOwnerMayHaveTakenIsNotSentAgain) {
  a.is_durable = false;
  cluster.publish(c, app, {.topic = open("set"), .payload = std::string(kSet)});
  EXPECT_THAT(device->take(), SizeIs(1));
  cluster.bus.cut("a", "c", MemoryBus::Told::kYes);
  cluster.settle();
  cluster.place(partition_of(kSn), "b");
  cluster.bus.cut("a", "b", MemoryBus::Told::kYes);
  cluster.settle();
  cluster.pass(Millis(1000));
  EXPECT_THAT(device->take(), IsEmpty());
  EXPECT_THAT(app->kicked, Contains(KickReason::kShuttingDown));
}

// --- a partition moves

TEST_F(ClusterTest, APartitionMovesBetweenAnyTwoNodes) {
  const std::vector<std::string> owners = {"b", "c", "a", "c", "b", "a"};
  int soc = 0;
  for (const std::string& owner : owners) {
    cluster.place(partition_of(kSn), owner);
    cluster.settle();
    cluster.pass(Millis(300));
    app->take();
    device->acks.clear();
    report(++soc);
    EXPECT_THAT(app_got(), ElementsAre(HasSubstr(fmt::format("\"soc\":{}", soc)))) << owner;
    EXPECT_THAT(device->acks, SizeIs(1)) << owner;
    for (const auto& member : cluster.members) {
      EXPECT_TRUE(member->hub->online(cluster.home.account("alice").id, kSn))
          << owner << ' ' << member->name;
    }
    const TestHome::Answer set = cluster.set(c, "alice", kSn, kSet);
    const Lines sets = device->take();
    ASSERT_THAT(sets, SizeIs(1)) << owner;
    cluster.publish(b, device,
                    {.topic = own("set_reply"),
                     .payload = fmt::format(R"({{"id":{},"code":"0"}})",
                                            member_of(payload_of(sets[0]), "id"))});
    EXPECT_TRUE(set.here()) << owner;
  }
  EXPECT_TRUE(device->is_settled());
}

TEST_F(ClusterTest, APublicationThatTheOldOwnerTookIsNotTakenByTheNewOne) {
  a.is_durable = false;
  report(5, 1);
  cluster.place(partition_of(kSn), "c");
  cluster.settle();
  report(6, 2);
  EXPECT_THAT(device->acks, IsEmpty());
  a.is_durable = true;
  cluster.settle();
  cluster.pass(Millis(300));
  EXPECT_THAT(device->acks, SizeIs(2));
  EXPECT_THAT(a.log.values_of("pd.soc"), ElementsAre("5"));
  EXPECT_THAT(c.log.values_of("pd.soc"), ElementsAre("6"));
}

TEST_F(ClusterTest, APendingSetIsAnsweredWhenItsPartitionMoves) {
  const TestHome::Answer set = cluster.set(c, "alice", kSn, kSet);
  cluster.place(partition_of(kSn), "b");
  cluster.settle();
  EXPECT_THAT(set.text(), HasSubstr("try again"));
  EXPECT_THAT(device->take(), SizeIs(1));
}

TEST_F(ClusterTest, AnOwnerThatDoesNotKnowYetIsAskedAgain) {
  const Partition partition = partition_of(kSn);
  b.cluster->place(partition, "c", 100);
  c.cluster->place(partition, "a", 99);
  report(8);
  EXPECT_THAT(device->acks, IsEmpty());
  a.cluster->place(partition, "c", 100);
  cluster.settle();
  c.cluster->place(partition, "c", 100);
  cluster.settle();
  cluster.pass(Millis(300));
  EXPECT_THAT(device->acks, SizeIs(1));
  EXPECT_THAT(c.log.values_of("pd.soc"), ElementsAre("8"));
}

// --- what bounds it

// As a node's door does until it knows of claims.
TEST_F(ClusterTest, ANodeThatGivesPartitionsAwayUnderNoRevisionAsksTheirOwnersLater) {
  report(41);
  cluster.kill(c);
  cluster.start_without_owners(c);
  for (std::size_t i = 0; i < kPartitions; ++i) {
    c.cluster->place(static_cast<Partition>(i), "a", 0);
  }
  cluster.settle();
  cluster.link_all();
  cluster.place(partition_of(kSn), "a");
  cluster.settle();
  EXPECT_THAT(cluster.read_all(c, "alice", kSn).text(), HasSubstr("41"));
}

TEST_F(ClusterTest, ADoorThatTakesNothingLosesItsLinkAndNobodyElse) {
  cluster.bus.cut("a", "c", MemoryBus::Told::kNo);
  const FakePtr near = cluster.subscriber(b, "alice", "near");
  for (int i = 0; i < 100; ++i) {
    cluster.publish(b, device, {.topic = own("quota"), .payload = std::string(1'000'000, 'x')});
  }
  EXPECT_GT(a.platform.counters.dropped_queue_full.load(), 0U);
  EXPECT_THAT(near->take(), SizeIs(100));
}

// --- changes

class Recorder final : public ChangeReader {
 public:
  void on_changes(ChangeBatch batch) override {
    lost += batch.is_lost ? 1 : 0;
    for (const DeviceChanges& device : batch.devices) {
      for (const ValueChange& value : device.values) {
        values.push_back(value.text);
        numbers.push_back(value.number);
      }
      for (const ShownPresence& each : device.presence) presence.push_back(each.online);
    }
  }
  Lines values;
  std::vector<std::uint64_t> numbers;
  std::vector<bool> presence;
  int lost = 0;
};

TEST_F(ClusterTest, AReaderIsToldOfDevicesOfOtherNodes) {
  for (const Scope scope : {Scope::kDevices, Scope::kAccount, Scope::kAll}) {
    const auto reader = std::make_shared<Recorder>();
    ChangeSubscription subscription =
        c.hub->changes().subscribe({.reader = reader,
                                    .loop = &c.client_loop,
                                    .scope = scope,
                                    .account = cluster.home.account("alice").id});
    if (scope == Scope::kDevices) subscription.add(std::string(kSn));
    cluster.settle();
    report(static_cast<int>(scope) + 20);
    EXPECT_THAT(reader->values, ElementsAre(std::to_string(static_cast<int>(scope) + 20)));
    if (scope == Scope::kDevices) {
      subscription.remove(std::string(kSn));
      cluster.settle();
      report(1);
      EXPECT_THAT(reader->values, SizeIs(1));
    }
  }
}

TEST_F(ClusterTest, ReadersWithOneInterestAreToldTogether) {
  std::vector<std::shared_ptr<Recorder>> readers;
  std::vector<ChangeSubscription> subscriptions;
  const auto frames_of_a_report = [&](int soc) {
    const std::size_t before = cluster.bus.sent();
    report(soc);
    return cluster.bus.sent() - before;
  };
  const auto add = [&] {
    readers.push_back(std::make_shared<Recorder>());
    subscriptions.push_back(
        c.hub->changes().subscribe({.reader = readers.back(),
                                    .loop = &c.client_loop,
                                    .scope = ChangeReaderOptions::Scope::kAccount,
                                    .account = cluster.home.account("alice").id}));
    cluster.settle();
  };
  add();
  report(30);
  const std::size_t frames = frames_of_a_report(31);
  for (int i = 0; i < 9; ++i) add();
  EXPECT_LE(frames_of_a_report(32), frames + 1);
  for (const auto& reader : readers) EXPECT_THAT(reader->values, Contains("32"));
}

TEST_F(ClusterTest, NumbersOfChangesGrowOverMovesAndReadersReadAgain) {
  const auto reader = std::make_shared<Recorder>();
  ChangeSubscription subscription =
      c.hub->changes().subscribe({.reader = reader, .loop = &c.client_loop});
  subscription.add(std::string(kSn));
  cluster.settle();
  report(1);
  report(2);
  cluster.place(partition_of(kSn), "b");
  cluster.settle();
  cluster.pass(Millis(300));
  EXPECT_EQ(reader->lost, 1);
  report(3);
  EXPECT_THAT(reader->values, ElementsAre("1", "2", "3"));
  EXPECT_TRUE(std::ranges::is_sorted(reader->numbers));
  TestHome::Answer twins;
  std::uint64_t number = 0;
  c.hub->read_twins(cluster.home.account("alice").id, {std::string(kSn)},
                    {.loop = &c.client_loop, .done = [&](Result<std::vector<TwinSnapshot>> got) {
                       ASSERT_THAT(*got, SizeIs(1));
                       number = got->front().number;
                     }});
  cluster.settle();
  EXPECT_EQ(number, reader->numbers.back());
}

}  // namespace
}  // namespace gridloom::hub
