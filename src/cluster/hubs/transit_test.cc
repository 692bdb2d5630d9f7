// Messages for sessions that another node keeps: node "a" has the devices, node "b" the sessions.
#include "hubs/transit.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hub/clients/session_changes.h"
#include "hubs/arrivals.h"
#include "hubs/test_cluster.h"
#include "testing/dice.h"
#include "wire/mqtt/message.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";
constexpr std::int64_t kSession = 1'000'077;  // at b

std::string report_of(int number, std::size_t padding = 0) {
  return fmt::format(R"({{"moduleType":1,"typeCode":"pdStatus","params":{{"soc":{}}}{}}})", number,
                     std::string(padding, ' '));
}

// What a node's log says about sessions: what a store would have of it.
struct Stored {
  struct Message {
    std::string packet;
    wire::mqtt::PacketFlags flags;
  };
  std::map<std::int64_t, StoredTransit> transits;
  std::map<std::int64_t, std::string> users;
  std::map<std::int64_t, std::map<std::int64_t, Message>> messages;
  std::map<std::int64_t, StoredArrivals> arrivals;
  std::int64_t highest = 0;
  Lines kept_ever;  // numbers of all reports that were ever kept for kSession, in order

  explicit Stored(const TestLog& log) {
    for (const TestLog::Record& record : log.safe) {
      std::string packet;
      each_change(record.session_changes(), [&](const SessionChange& change) {
        std::visit([&](const auto& one) { take(one, packet); }, change);
      });
    }
  }
  void take(const SessionKept& kept, std::string& /*packet*/) {
    highest = std::max(highest, kept.session);
    transits[kept.session] = {.number = kept.session,
                              .node = std::string(kept.client_id.substr(1)),
                              .session = kept.signed_in_as,
                              .identity = {},
                              .subscriptions = *subscriptions_in(kept.subscriptions),
                              .messages = {}};
    users[kept.session] = kept.user;
  }
  void take(const SessionEnded& ended, std::string& /*packet*/) {
    transits.erase(ended.session);
    messages.erase(ended.session);
  }
  void take(const MessageKept& kept, std::string& packet) {
    highest = std::max(highest, kept.message);
    if (!kept.packet.empty()) packet = kept.packet;
    messages[kept.session][kept.message] = {.packet = packet, .flags = kept.flags};
    const auto read = wire::mqtt::message_in(packet, std::nullopt);
    if (!read || kept.session != kSession) return;
    if (!std::string_view(read->message->topic).ends_with("/quota")) return;
    const auto json = must(wire::parse_json(read->message->payload));
    kept_ever.push_back(wire::to_text(json.at("params").at("soc")));
  }
  void take(const MessageDone& done, std::string& /*packet*/) {
    messages[done.session].erase(done.message);
  }
  void take(const StreamBegun& begun, std::string& /*packet*/) {
    highest = std::max(highest, begun.stream);
    arrivals[begun.stream] = {.stream = begun.stream, .node = std::string(begun.client_id)};
  }
  void take(const PublicationTaken& taken, std::string& /*packet*/) {
    arrivals[taken.stream].through = static_cast<std::int64_t>(taken.receipt.digest);
  }
  template <typename Other>
  void take(const Other& /*change*/, std::string& /*packet*/) {}

  [[nodiscard]] std::size_t in_transit() const {
    std::size_t count = 0;
    for (const auto& [number, row] : transits) {
      const auto found = messages.find(number);
      if (found != messages.end()) count += found->second.size();
    }
    return count;
  }
  void restore(Hub& hub) const {
    for (const auto& [number, row] : transits) {
      StoredTransit transit = row;
      transit.identity = *hub.access().identity_of(users.at(number));
      if (const auto found = messages.find(number); found != messages.end()) {
        for (const auto& [message, bytes] : found->second) {
          const auto read = wire::mqtt::message_in(bytes.packet, std::nullopt);
          transit.messages.push_back({.message = read->message,
                                      .qos = bytes.flags.qos,
                                      .retain = bytes.flags.retain,
                                      .subscription_ids = bytes.flags.subscription_ids,
                                      .number = message});
        }
      }
      EXPECT_TRUE(hub.saved_state().restore_transit(std::move(transit)));
    }
    for (const auto& [number, row] : arrivals) {
      EXPECT_TRUE(hub.saved_state().restore_arrivals(row));
    }
  }
};

class World {
 public:
  explicit World(std::uint64_t seed = 1) : cluster(2, seed, 1) {
    cluster.home.add_account("alice");
    cluster.home.add_device(kSn, "alice");
    cluster.settle();
    for (std::size_t i = 0; i < kPartitions; ++i) {
      const auto partition = static_cast<Partition>(i);
      cluster.place(partition, partition == partition_of(kSn) ? "a" : "b");
    }
    for (TestCluster::Member* member : {&a, &b}) keep_numbers(*member);
    cluster.settle();
    join_app();
    subscribe("#");
    device = cluster.connect_device(a, kSn);
    cluster.pass(Millis(250));
    app->take();
  }

  // A report whose number is its packet id; does not settle.
  void report() {
    ++sent;
    if (!a.hub) return;
    if (!device) device = connect_device();
    cluster.post(a, device,
                 {.topic = fmt::format("/device/{}/quota", kSn),
                  .payload = report_of(sent),
                  .packet_id = static_cast<std::uint16_t>(sent)});
  }
  void report_and_settle() {
    report();
    cluster.settle();
  }
  // The numbers of the reports that were acknowledged.
  [[nodiscard]] const std::set<int>& acknowledged() {
    if (device) {
      for (const Ack& ack : std::exchange(device->acks, {})) acks_.insert(ack.token.packet_id);
    }
    return acks_;
  }
  void subscribe(std::string_view filter) {
    ASSERT_TRUE(b.hub->subscribe(
        app, {.filter = cluster.home.open("alice", filter), .qos = Qos::kAtLeastOnce}));
  }
  void kill(TestCluster::Member& member) {
    static_cast<void>(acknowledged());
    cluster.kill(member);
    if (&member == &a) {
      device = nullptr;
    } else {
      app = nullptr;
      former_.clear();
      is_taken_over_ = false;
      kept_before_ = kept().size();
    }
  }
  // Another connection goes on with the session, once the one before has it wholly.
  void take_over() {
    if (std::exchange(is_taken_over_, true)) return;
    former_.push_back(std::exchange(app, nullptr));
    join_app();
    b.hub->rebind(former_.back(), app, [this] { is_taken_over_ = false; });
  }
  // What the session got since the start of b, from the first of its clients on, and what b's log
  // has for it since then.
  [[nodiscard]] Lines got() const {
    Lines numbers;
    const auto add = [&](const FakePtr& from) {
      for (const std::string& line : from->got) {
        if (line.find("/quota ") == std::string::npos) continue;
        const auto json = must(wire::parse_json(line.substr(line.find('{'))));
        numbers.push_back(wire::to_text(json.at("params").at("soc")));
      }
    };
    for (const FakePtr& each : former_) add(each);
    if (app) add(app);
    return numbers;
  }
  [[nodiscard]] Lines kept_since_start() const {
    const Lines all = kept();
    return {all.begin() + static_cast<std::ptrdiff_t>(kept_before_), all.end()};
  }
  // With what its log has.
  enum class Session : bool { kEnded, kGoesOn };
  void start(TestCluster::Member& member, Session session = Session::kGoesOn,
             std::string_view filter = "#") {
    keep_numbers(member);
    cluster.start(member);
    Stored(member.log).restore(*member.hub);
    if (&member == &b && session == Session::kGoesOn) {
      join_app();
      subscribe(filter);
    }
    cluster.link_all_without_settling();
  }
  void cut() { cluster.bus.cut("a", "b", MemoryBus::Told::kYes); }
  // What b has kept for the session, in its log.
  [[nodiscard]] Lines kept() const { return Stored(b.log).kept_ever; }
  [[nodiscard]] std::size_t in_transit() const { return Stored(a.log).in_transit(); }

  TestCluster cluster;
  TestCluster::Member& a = cluster[0];
  TestCluster::Member& b = cluster[1];
  FakePtr app;
  FakePtr device;
  int sent = 0;

 private:
  void keep_numbers(TestCluster::Member& member) {
    auto last = std::make_shared<std::int64_t>(Stored(member.log).highest);
    member.platform.sessions =
        SessionKeeper{.new_number = [last] { return ++*last; }, .take = [](std::string_view) {}};
  }
  void join_app() {
    const registry::Account of = cluster.home.account("alice");
    app = std::make_shared<FakeClient>(
        b.client_loop,
        must(b.hub->access().sign_in(of.certificate_account, of.certificate_password)), "app");
    app->set_stored_number(kSession);
    b.hub->connected(app);
  }
  FakePtr connect_device() {
    auto made = std::make_shared<FakeClient>(
        a.client_loop, must(a.hub->access().sign_in(kSn, cluster.home.device(kSn).key)), "device");
    a.hub->connected(made);
    return made;
  }

  std::set<int> acks_;
  std::vector<FakePtr> former_;  // clients of the session before `app`
  bool is_taken_over_ = false;
  std::size_t kept_before_ = 0;
};

TEST(TransitTest, TheOtherNodesLogHasAMessageOnceThisOneHas) {
  World world;
  world.a.is_durable = false;
  world.report_and_settle();
  EXPECT_THAT(world.app->take(), IsEmpty()) << "it is not in the log";
  EXPECT_THAT(world.acknowledged(), IsEmpty());
  world.a.is_durable = true;
  world.b.is_durable = false;
  world.cluster.settle();
  EXPECT_THAT(world.app->take(), IsEmpty()) << "it is not in the log of its node";
  EXPECT_THAT(world.acknowledged(), ElementsAre(1));
  world.cluster.pass(Millis(250));
  EXPECT_EQ(world.in_transit(), 1U) << "the other node may still forget it";
  world.b.is_durable = true;
  world.cluster.settle();
  EXPECT_THAT(world.app->take(), SizeIs(1));
  world.cluster.pass(Millis(250));
  EXPECT_EQ(world.in_transit(), 0U);
  EXPECT_THAT(world.kept(), ElementsAre("1"));
}

TEST(TransitTest, WhatTheLogHasNotYetGoesToTheClientThatTakesTheSessionOver) {
  World world;
  world.b.is_durable = false;
  world.report_and_settle();
  world.take_over();
  world.report_and_settle();
  EXPECT_THAT(world.app->take(), IsEmpty());
  world.b.is_durable = true;
  world.cluster.settle();
  EXPECT_THAT(world.app->take(), SizeIs(2));
}

TEST(TransitTest, WaitsForASessionWhoseNodeIsAway) {
  World world;
  world.report_and_settle();
  world.kill(world.b);
  for (int i = 0; i < 3; ++i) world.report_and_settle();
  EXPECT_THAT(world.acknowledged(), SizeIs(4));
  world.start(world.b);
  world.cluster.settle();
  world.report_and_settle();
  EXPECT_THAT(world.kept(), ElementsAre("1", "2", "3", "4", "5"));
  world.cluster.pass(Millis(250));
  EXPECT_EQ(world.in_transit(), 0U);
}

TEST(TransitTest, SurvivesTheEndOfItsNode) {
  World world;
  world.cut();
  for (int i = 0; i < 3; ++i) world.report_and_settle();
  EXPECT_THAT(world.acknowledged(), SizeIs(3));
  world.kill(world.a);
  world.start(world.a);
  world.cluster.settle();
  world.report_and_settle();
  EXPECT_THAT(world.kept(), ElementsAre("1", "2", "3", "4"));
}

TEST(TransitTest, IsKeptByAnOwnerThatStartsWhileTheOtherNodeIsAway) {
  World world;
  world.kill(world.b);
  world.kill(world.a);
  world.start(world.a);
  for (int i = 0; i < 3; ++i) world.report_and_settle();
  EXPECT_THAT(world.acknowledged(), SizeIs(3));
  world.start(world.b);
  world.cluster.settle();
  EXPECT_THAT(world.kept(), ElementsAre("1", "2", "3"));
}

TEST(TransitTest, IsNotSentAgainWhenTheOtherNodeHasIt) {
  World world;
  for (int i = 0; i < 3; ++i) world.report_and_settle();
  ASSERT_EQ(world.in_transit(), 3U) << "what is done is written with a tick";
  world.kill(world.a);
  world.start(world.a);
  world.cluster.settle();
  EXPECT_THAT(world.kept(), SizeIs(3));
  world.cluster.pass(Millis(250));
  EXPECT_EQ(world.in_transit(), 0U);
}

TEST(TransitTest, WhatTheOtherNodesLogDoesNotHaveYetIsKeptOverALinkThatIsOpenedAgain) {
  World world;
  world.b.is_durable = false;
  world.report_and_settle();
  world.cut();
  world.cluster.link_all();
  world.cluster.pass(Millis(250));
  EXPECT_EQ(world.in_transit(), 1U) << "the other node may still forget it";
  world.kill(world.b);
  world.b.is_durable = true;
  world.start(world.b);
  world.cluster.settle();
  world.report_and_settle();
  EXPECT_THAT(world.kept(), ElementsAre("1", "2"));
}

TEST(TransitTest, WhatTheOtherNodesLogHasMeanwhileIsDoneOverALinkThatIsOpenedAgain) {
  World world;
  world.b.is_durable = false;
  world.report_and_settle();
  world.cut();
  world.b.is_durable = true;
  world.cluster.settle();
  world.cluster.link_all();
  world.cluster.pass(Millis(250));
  EXPECT_EQ(world.in_transit(), 0U);
  EXPECT_THAT(world.kept(), ElementsAre("1"));
}

TEST(TransitTest, EndsWithASessionThatEnds) {
  World world;
  world.cut();
  world.report_and_settle();
  world.b.hub->ended(world.app);
  world.cluster.link_all();
  world.cluster.pass(Millis(250));
  EXPECT_THAT(Stored(world.a.log).transits, IsEmpty());
  EXPECT_EQ(world.in_transit(), 0U);
  const std::int64_t before = world.a.cluster == nullptr ? 0 : Stored(world.a.log).highest;
  world.report_and_settle();
  EXPECT_EQ(Stored(world.a.log).highest, before) << "nothing is kept for it any more";
}

TEST(TransitTest, EndsWithASessionThatItsNodeDoesNotBringBack) {
  World world;
  world.kill(world.b);
  world.report_and_settle();
  EXPECT_EQ(world.in_transit(), 1U);
  world.start(world.b, World::Session::kEnded);
  world.cluster.settle();
  world.cluster.pass(Millis(250));
  EXPECT_THAT(Stored(world.a.log).transits, IsEmpty());
}

TEST(TransitTest, ASubscriptionThatEndedMeanwhileIsForgotten) {
  World world;
  world.kill(world.b);
  world.report_and_settle();
  world.start(world.b, World::Session::kGoesOn, "+/set_reply");
  world.cluster.settle();
  world.report_and_settle();
  EXPECT_THAT(world.kept(), ElementsAre("1"));
}

TEST(TransitTest, WhatASessionMayHaveWaitingIsBounded) {
  World world;
  world.kill(world.b);
  constexpr std::size_t kLarge = 200'000;
  constexpr std::size_t kFit = Transit::kMaxBytesOfSession / kLarge + 1;
  for (std::size_t i = 0; i < kFit + 5; ++i) {
    world.cluster.publish(world.a, world.device,
                          {.topic = fmt::format("/device/{}/quota", kSn),
                           .payload = report_of(static_cast<int>(i), kLarge),
                           .packet_id = static_cast<std::uint16_t>(i + 1)});
  }
  world.cluster.pass(Millis(250));
  EXPECT_LE(world.in_transit(), kFit);
  EXPECT_GE(world.in_transit(), kFit - 1);
  EXPECT_GE(world.a.platform.counters.dropped_queue_full.load(), 5U);
}

// Whatever fails, b's log has each acknowledged report once and in order, and so has the session,
// whichever client has it.
TEST(TransitProperty, EachAcknowledgedMessageIsKeptOnceAndInOrder) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    World world(seed);
    Dice dice(seed);
    world.cluster.bus.chances = {.lost = 20, .repeated = 20, .delayed = 10, .refused = 20};
    const auto go_on = [&] {
      for (std::size_t left = dice.below(8); left != 0; --left) world.cluster.step();
      if (!dice.once_in(4)) return;
      world.cluster.home.clock.pass(Millis(250));
      for (const auto& member : world.cluster.members) {
        if (member->hub) member->hub->tick();
      }
    };
    for (int step = 0; step < 300; ++step) {
      if (world.sent < 60'000) world.report();
      if (dice.once_in(10) && world.app) world.take_over();
      if (dice.once_in(20) && world.a.hub && world.b.hub) {
        world.cut();
        go_on();
        world.cluster.link_all_without_settling();
      }
      if (dice.once_in(40)) {
        TestCluster::Member& member = dice.once_in(2) ? world.a : world.b;
        if (member.hub) world.kill(member);
        go_on();
      }
      for (TestCluster::Member* member : {&world.a, &world.b}) {
        if (!member->hub && dice.once_in(4)) world.start(*member);
      }
      for (TestCluster::Member* member : {&world.a, &world.b}) {
        member->is_durable = !dice.once_in(5);
      }
      go_on();
    }
    world.cluster.bus.chances = {};
    for (TestCluster::Member* member : {&world.a, &world.b}) {
      member->is_durable = true;
      if (!member->hub) world.start(*member);
    }
    world.cluster.link_all();
    for (int i = 0; i < 40; ++i) world.cluster.pass(Millis(250));
    std::vector<int> kept;
    for (const std::string& each : world.kept()) kept.push_back(std::stoi(each));
    EXPECT_TRUE(std::ranges::is_sorted(kept)) << seed;
    EXPECT_EQ(std::set(kept.begin(), kept.end()).size(), kept.size()) << seed << ": twice";
    EXPECT_TRUE(std::ranges::includes(kept, world.acknowledged())) << seed;
    EXPECT_GT(kept.size(), 20U) << seed;
    EXPECT_EQ(world.got(), world.kept_since_start()) << seed;
    EXPECT_EQ(world.in_transit(), 0U) << seed;
  }
}

}  // namespace
}  // namespace gridloom::hub
