// Delivery beyond the plain case of routing_test.cc: shared subscriptions, retained messages, and
// what a device's own side receives.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hub/shard/shard.h"
#include "testing/home.h"

namespace gridloom::hub {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr std::string_view kOther = "HJ31ZDH2ZF690025";

class DeliveryTest : public testing::TestWithParam<std::size_t> {
 protected:
  DeliveryTest() {
    home.add_account("alice");
    home.add_account("bob");
    home.add_device(kDelta2Sn, "alice");
    home.add_device(kOther, "alice");
    device = home.connect_device(kDelta2Sn);
  }
  [[nodiscard]] static std::string own(std::string_view verb) {
    return fmt::format("/device/{}/{}", kDelta2Sn, verb);
  }
  [[nodiscard]] std::string quota() const {
    return home.open("alice", std::string(kDelta2Sn) + "/quota");
  }
  FakePtr member(std::string_view id, std::string_view group, Qos qos = Qos::kAtLeastOnce) {
    FakePtr client = home.connect_app("alice", id);
    home.subscribe(client, {.filter = fmt::format("$share/{}/{}", group, quota()), .qos = qos});
    return client;
  }
  void report(int count) {
    for (int i = 0; i < count; ++i) home.report(device, kDelta2Sn, "{}");
  }
  void retain(const FakePtr& by, std::string topic, std::string payload) {
    EXPECT_TRUE(home.publish(by, std::move(topic), std::move(payload), Qos::kAtLeastOnce, 1, true));
  }
  Lines retained(std::string_view name, const std::string& filter, std::string_view id = "late") {
    const FakePtr client = home.connect_app(name, id);
    EXPECT_TRUE(home.subscribe(client, {.filter = filter, .qos = Qos::kAtLeastOnce}));
    Lines lines;
    for (const std::string& line : client->take()) {
      if (!line.contains("/status ")) lines.push_back(line);
    }
    home.leave(client);
    return lines;
  }

  TestHome home{GetParam()};
  FakePtr device;
};
INSTANTIATE_TEST_SUITE_P(Shards, DeliveryTest, testing::Values(1U, 4U));

TEST_P(DeliveryTest, EachMessageGoesToOneMemberOfAGroupInTurn) {
  const FakePtr a = member("a", "g");
  const FakePtr b = member("b", "g");
  const FakePtr c = member("c", "other");
  const FakePtr plain = home.connect_app("alice", "plain");
  home.subscribe(plain, {.filter = quota(), .send_retained = false});
  report(4);
  EXPECT_THAT(a->take(), SizeIs(2));
  EXPECT_THAT(b->take(), SizeIs(2));
  EXPECT_THAT(c->take(), SizeIs(4)) << "a group of its own";
  EXPECT_THAT(plain->take(), SizeIs(4)) << "in no group";
}

TEST_P(DeliveryTest, AGroupIsOneOfItsFilterAndItsAccount) {
  home.share(kDelta2Sn, "bob", registry::Rights::kMonitor);
  const FakePtr a = member("a", "g");
  const FakePtr wide = home.connect_app("alice", "wide");
  home.subscribe(wide, {.filter = "$share/g/" + home.open("alice", "#"), .qos = Qos::kAtLeastOnce});
  const FakePtr bob = home.connect_app("bob");
  home.subscribe(bob, {.filter = "$share/g/" + home.open("bob", "#"), .qos = Qos::kAtLeastOnce});
  report(2);
  EXPECT_THAT(a->take(), SizeIs(2));
  EXPECT_THAT(wide->take(), SizeIs(2));
  EXPECT_THAT(bob->take(), SizeIs(2));
}

TEST_P(DeliveryTest, AMemberThatIsAwayIsPassedOverWhileAnotherIsThere) {
  const FakePtr a = member("a", "g");
  const FakePtr b = member("b", "g");
  a->set_present(false);
  report(3);
  EXPECT_THAT(a->take(), IsEmpty());
  EXPECT_THAT(b->take(), SizeIs(3));
  b->set_present(false);
  report(2);
  EXPECT_EQ(a->take().size() + b->take().size(), 2U) << "it waits for one of them";
}

TEST_P(DeliveryTest, AMemberThatLeavesIsNotWaitedFor) {
  const FakePtr a = member("a", "g");
  const FakePtr b = member("b", "g");
  home.hub->unsubscribe(a, "$share/g/" + quota());
  home.settle();
  report(2);
  EXPECT_THAT(b->take(), SizeIs(2));
  home.leave(b);
  report(1);
  EXPECT_THAT(a->take(), IsEmpty());
}

TEST_P(DeliveryTest, AClientOfAGroupAndOfThePlainFilterGetsBoth) {
  const FakePtr a = member("a", "g", Qos::kAtMostOnce);
  home.subscribe(a, {.filter = quota(), .qos = Qos::kAtLeastOnce});
  report(1);
  EXPECT_THAT(a->take(), UnorderedElementsAre("q1 " + quota() + " {}", "q0 " + quota() + " {}"));
}

TEST_P(DeliveryTest, NothingRetainedGoesToANewMember) {
  retain(device, own("quota"), "{}");
  EXPECT_THAT(member("a", "g")->take(), IsEmpty());
}

TEST_P(DeliveryTest, TheLastRetainedMessageOfATopicGoesToNewSubscribers) {
  retain(device, own("quota"), R"({"n":1})");
  retain(device, own("quota"), R"({"n":2})");
  const std::string line = "q1 retained " + quota() + R"( {"n":2})";
  EXPECT_THAT(retained("alice", quota()), ElementsAre(line));
  EXPECT_THAT(retained("alice", home.open("alice", "+/quota")), ElementsAre(line));
  EXPECT_THAT(retained("alice", home.open("alice", "#")), ElementsAre(line));
  EXPECT_THAT(retained("alice", home.open("alice", std::string(kOther) + "/quota")), IsEmpty());
  retain(device, own("quota"), "");
  EXPECT_THAT(retained("alice", home.open("alice", "#")), IsEmpty());
}

TEST_P(DeliveryTest, RetainedMessagesReachOnlyAccountsThatMayReadTheDevice) {
  retain(device, own("quota"), "{}");
  EXPECT_THAT(retained("bob", home.open("bob", "#")), IsEmpty());
  home.share(kDelta2Sn, "bob", registry::Rights::kMonitor);
  EXPECT_THAT(retained("bob", home.open("bob", "#")), SizeIs(1));
  home.share(kDelta2Sn, "bob", registry::Rights::kNone);
  EXPECT_THAT(retained("bob", home.open("bob", "#")), IsEmpty());
}

// Retained messages follow the rule for live ones: sharing a device is for apps, not for gateways.
TEST_P(DeliveryTest, AGatewayGetsWhatItsOwnAccountsDevicesRetainedAndNothingShared) {
  retain(device, own("quota"), "{}");
  home.share(kDelta2Sn, "bob", registry::Rights::kFull);
  for (const std::string& filter : {own("quota"), own("#"), std::string("/device/#")}) {
    for (const std::string_view name : {"alice", "bob"}) {
      const FakePtr gateway =
          home.connect(fmt::format("gateway:{}", name), home.account(name).gateway_key, "gateway");
      EXPECT_TRUE(home.subscribe(gateway, {.filter = filter, .qos = Qos::kAtLeastOnce}));
      EXPECT_EQ(gateway->take().size(), name == "alice" ? 1U : 0U) << name << " " << filter;
      home.leave(gateway);
    }
  }
}

TEST_P(DeliveryTest, AnAccountsRetainedMessagesAreItsOwn) {
  home.share(kDelta2Sn, "bob", registry::Rights::kFull);
  const FakePtr app = home.connect_app("alice");
  const std::string topic = home.open("alice", std::string(kDelta2Sn) + "/get");
  retain(app, topic, "{}");
  EXPECT_THAT(retained("alice", home.open("alice", "#")), Contains("q1 retained " + topic + " {}"));
  EXPECT_THAT(retained("bob", home.open("bob", "#")), IsEmpty());
  // Retained messages for a device that is not the account's cannot fill the memory.
  retain(app, home.open("alice", "NOSUCH1/get"), "{}");
  EXPECT_THAT(retained("alice", home.open("alice", "NOSUCH1/get")), IsEmpty());
}

TEST_P(DeliveryTest, ARetainedMessageExpires) {
  auto message = std::make_shared<wire::mqtt::Message>();
  message->topic = own("quota");
  message->payload = "{}";
  message->expires_at = home.clock.now() + seconds(10);
  Hub::Batch batch(*home.hub);
  ASSERT_TRUE(batch.add(device, message, {.retain = true}));
  batch.post(device);
  home.settle();
  EXPECT_THAT(retained("alice", quota()), SizeIs(1));
  home.pass(seconds(10));
  EXPECT_THAT(retained("alice", quota()), IsEmpty());
}

TEST_P(DeliveryTest, RetainedPayloadsHaveALimit) {
  TestHome small(GetParam(), {.account_retained_bytes = own("quota").size() + 10});
  small.add_account("alice");
  small.add_device(kDelta2Sn, "alice");
  const FakePtr of_small = small.connect_device(kDelta2Sn);
  const auto put = [&](std::string payload) {
    small.publish(of_small, own("quota"), std::move(payload), Qos::kAtLeastOnce, 1, true);
    return of_small->acks.back().reason;
  };
  EXPECT_EQ(put("0123456789"), wire::mqtt::Reason::kSuccess);
  EXPECT_EQ(put("0123456789"), wire::mqtt::Reason::kSuccess) << "it takes the first one's place";
  EXPECT_EQ(put("0123456789+"), wire::mqtt::Reason::kQuotaExceeded);
  EXPECT_FALSE(of_small->acks.back().why.empty());
  EXPECT_EQ(put(""), wire::mqtt::Reason::kSuccess);
}

TEST_P(DeliveryTest, AnAccountThatRetainsMuchLeavesOthersTheirShare) {
  constexpr std::size_t kShare = std::size_t{256} * 1024;
  TestHome small(GetParam(), {.retained_bytes = 0, .account_retained_bytes = 2 * kShare});
  for (const std::string_view owner : {"alice", "bob"}) small.add_account(std::string(owner));
  small.add_device(kDelta2Sn, "alice");
  small.add_device("HW51ZOH4SF000001", "bob");
  const FakePtr alices = small.connect_device(kDelta2Sn);
  const FakePtr bobs = small.connect_device("HW51ZOH4SF000001");
  const auto put = [&](const FakePtr& by, std::string_view sn, std::size_t bytes) {
    small.publish(by, fmt::format("/device/{}/quota", sn), std::string(bytes, ' '),
                  Qos::kAtLeastOnce, 1, true);
    return by->acks.back().reason;
  };
  EXPECT_EQ(put(alices, kDelta2Sn, kShare), wire::mqtt::Reason::kQuotaExceeded);
  EXPECT_EQ(put(alices, kDelta2Sn, kShare - 100), wire::mqtt::Reason::kSuccess);
  EXPECT_EQ(put(bobs, "HW51ZOH4SF000001", kShare - 100), wire::mqtt::Reason::kSuccess);
  EXPECT_EQ(put(bobs, "HW51ZOH4SF000001", kShare), wire::mqtt::Reason::kQuotaExceeded);
}

TEST_P(DeliveryTest, ARemovedDeviceTakesItsRetainedMessagesAlong) {
  std::vector<std::string> cleared;
  const auto take = [&](std::string_view changes) {
    EXPECT_TRUE(each_change(changes, [&](const SessionChange& change) {
      const auto* kept = std::get_if<RetainedKept>(&change);
      if (kept != nullptr && kept->packet.empty()) cleared.emplace_back(kept->topic);
    }));
  };
  home.platform.sessions = {.new_number = [] { return 1; }, .take = take};
  retain(device, own("quota"), "{}");
  must(home.registry->remove_device(kDelta2Sn));
  home.leave(device);
  home.pass(seconds(1));
  EXPECT_THAT(cleared, ElementsAre(own("quota")));
}

TEST_P(DeliveryTest, RetainIsPassedOnAsPublishedOnlyToWhoAskedForIt) {
  const FakePtr plain = home.connect_app("alice", "plain");
  home.subscribe(plain, {.filter = quota()});
  const FakePtr asked = home.connect_app("alice", "asked");
  home.subscribe(asked, {.filter = quota(), .retain_as_published = true});
  retain(device, own("quota"), "{}");
  report(1);
  EXPECT_THAT(plain->take(), Each(testing::Not(HasSubstr("retained"))));
  EXPECT_THAT(asked->take(),
              ElementsAre("q0 retained " + quota() + " {}", "q0 " + quota() + " {}"));
}

TEST_P(DeliveryTest, ADevicesOwnSideSeesWhatItPublishes) {
  const FakePtr gateway = home.connect_gateway("alice");
  home.subscribe(gateway, {.filter = "/device/+/quota", .no_local = true});
  const FakePtr watcher = home.connect(kDelta2Sn, home.device(kDelta2Sn).key, "watcher");
  home.subscribe(watcher, {.filter = own("#")});
  report(1);
  EXPECT_THAT(watcher->take(), ElementsAre("q0 " + own("quota") + " {}"));
  EXPECT_THAT(gateway->take(), ElementsAre("q0 " + own("quota") + " {}"));
  home.report(gateway, kDelta2Sn, "{}");
  EXPECT_THAT(gateway->take(), IsEmpty()) << "no local";
}

TEST_P(DeliveryTest, SubscriptionsGoFromOneClientToAnotherWithNothingLostInBetween) {
  const FakePtr old = home.connect_app("alice", "a");
  home.subscribe(old, {.filter = home.open("alice", "#"), .qos = Qos::kAtLeastOnce});
  home.subscribe(old, {.filter = "$share/g/" + quota(), .qos = Qos::kAtLeastOnce});
  home.subscribe(old, {.filter = quota(), .qos = Qos::kAtLeastOnce});
  old->take();
  const FakePtr fresh = home.connect_app("alice", "b");
  bool done = false;
  report(1);
  EXPECT_THAT(old->take(), SizeIs(2));
  home.hub->rebind(old, fresh, [&] { done = true; });
  EXPECT_FALSE(done);
  report(1);
  EXPECT_TRUE(done);
  EXPECT_THAT(old->take(), IsEmpty());
  EXPECT_THAT(fresh->take(), SizeIs(2));
  home.leave(old);
  report(1);
  EXPECT_THAT(fresh->take(), SizeIs(2)) << "they are the new one's now";
  home.leave(fresh);
  report(1);
  EXPECT_THAT(fresh->take(), IsEmpty());
}

// A loop that lags behind gets no more than it can catch up with soon, and the rest later.
TEST_P(DeliveryTest, AShardWaitsForLoopsThatAreBehind) {
  constexpr std::size_t kMany = 3 * Router::kMaxUndelivered;
  const FakePtr app = home.subscriber("alice");
  app->take();
  Hub::Batch batch(*home.hub);
  const auto message = std::make_shared<const wire::mqtt::Message>(
      wire::mqtt::Message{.topic = own("set_reply"), .payload = R"({"id":1})"});
  for (std::size_t i = 0; i < kMany; ++i) {
    ASSERT_TRUE(batch.add(device, message, {.qos = Qos::kAtMostOnce}));
  }
  batch.post(device);
  const auto run_shards = [this] {
    for (const auto& loop : home.shard_loops) loop->run();
  };
  std::size_t times = 0;
  std::size_t in_all = 0;
  for (run_shards(); home.client_loop.run(); run_shards()) {
    const std::size_t got = app->take().size();
    EXPECT_LE(got, Router::kMaxUndelivered + kMany / 10);
    if (got != 0) ++times;
    in_all += got;
  }
  EXPECT_EQ(in_all, kMany);
  EXPECT_GE(times, 3U);
}

TEST_P(DeliveryTest, ASessionThatEndsWithManySubscriptionsGetsNothingMore) {
  const FakePtr ends = home.connect_app("alice", "ends");
  for (int i = 0; i < 100; ++i) {
    home.subscribe(ends, {.filter = quota(), .id = static_cast<std::uint32_t>(i + 1)});
    home.subscribe(ends, {.filter = home.open("alice", fmt::format("+/{}", i))});
  }
  const FakePtr stays = home.subscriber("alice", "stays");
  home.leave(ends);
  ends->take();
  stays->take();
  report(1);
  EXPECT_THAT(ends->take(), IsEmpty());
  EXPECT_THAT(stays->take(), SizeIs(1));
}

}  // namespace
}  // namespace gridloom::hub
