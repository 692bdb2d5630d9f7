#include "ownership/beats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ownership/test_bus.h"
#include "testing/clock.h"
#include "testing/must.h"

namespace gridloom::cluster {
namespace {

constexpr Millis kStep{10};

// A node that only beats.
struct Node {
  Node(TestBus& test_bus, const Clock& clock, const std::string& name, std::int64_t incarnation)
      : bus(test_bus),
        beats(bus, clock,
              {.node = {.name = name, .incarnation = incarnation},
               .version = "1",
               .address = "at-" + name}) {
    must(beats.start());
  }
  [[nodiscard]] bool trusts_itself() const { return beats.trusted_since().has_value(); }
  // How another node last described itself; null: it was not heard.
  const SeenNode* seen(std::string_view name) {
    sight = beats.sight();
    for (const SeenNode& node : sight.others) {
      if (node.id.name == name) return &node;
    }
    return nullptr;
  }

  TestBus::Member bus;
  Beats beats;
  Beats::Said said;
  bool is_stopped = false;
  Sight sight;
};

class NodeBeats : public testing::Test {
 protected:
  void run(Millis time) {
    for (const TimePoint end = clock_.now() + time; clock_.now() < end;) {
      clock_.pass(kStep);
      bus_.deliver();
      for (Node* const node : nodes_) {
        if (!node->is_stopped) node->beats.tick(node->said);
      }
    }
  }
  void add(Node& node) { nodes_.push_back(&node); }

  TestClock clock_;
  TestBus bus_{clock_};
  std::vector<Node*> nodes_;
};

TEST_F(NodeBeats, TellTheOthersWhoIsThereAndWhatItDoes) {
  Node anna(bus_, clock_, "anna", 1);
  Node bert(bus_, clock_, "bert", 2);
  add(anna);
  add(bert);
  anna.said = {.phase = Phase::kServing,
               .takes_slots = true,
               .changes = 3,
               .served = {{.slot = Slot{4}, .revision = 5}}};
  run(Millis(300));
  const SeenNode* const seen = bert.seen("anna");
  ASSERT_NE(seen, nullptr);
  EXPECT_EQ(seen->id, (NodeId{.name = "anna", .incarnation = 1}));
  EXPECT_EQ(seen->version, "1");
  EXPECT_EQ(seen->address, "at-anna");
  EXPECT_EQ(seen->phase, Phase::kServing);
  EXPECT_TRUE(seen->takes_slots);
  EXPECT_EQ(seen->changes, 3U);
  EXPECT_EQ(seen->served, anna.said.served);
  EXPECT_EQ(seen->held, seen->heard);
  EXPECT_EQ(anna.seen("bert")->held, std::nullopt);
}

TEST_F(NodeBeats, TellNewsAtOnce) {
  Node anna(bus_, clock_, "anna", 1);
  Node bert(bus_, clock_, "bert", 2);
  add(anna);
  add(bert);
  run(Millis(300));
  anna.said.changes = 1;
  run(2 * kStep);
  EXPECT_EQ(bert.seen("anna")->changes, 1U);
}

TEST_F(NodeBeats, ANodeTrustsItselfOnlyWhileItsOwnBeatsComeBack) {
  Node anna(bus_, clock_, "anna", 1);
  add(anna);
  EXPECT_FALSE(anna.trusts_itself());
  run(Millis(300));
  EXPECT_TRUE(anna.trusts_itself());
  const auto since = anna.beats.trusted_since();
  run(Millis(10'000));
  EXPECT_EQ(anna.beats.trusted_since(), since);
  anna.bus.cut();
  run(Millis(1'700));
  EXPECT_TRUE(anna.trusts_itself());
  run(Millis(300));
  EXPECT_FALSE(anna.trusts_itself());
  EXPECT_GE(anna.beats.unsent(), 7U);
  anna.bus.mend();
  run(Millis(300));
  EXPECT_TRUE(anna.trusts_itself());
  EXPECT_GT(anna.beats.trusted_since(), since);
}

TEST_F(NodeBeats, TrustCountsFromWhenABeatWasSentSoThatOldOnesProveNothing) {
  Node anna(bus_, clock_, "anna", 1);
  add(anna);
  run(Millis(300));
  bus_.delay(Millis(2'500), Millis(2'500));
  run(Millis(2'500));
  EXPECT_FALSE(anna.trusts_itself());
  run(Millis(5'000));
  EXPECT_FALSE(anna.trusts_itself());
}

TEST_F(NodeBeats, ANodeThatWasStoppedDoesNotTrustItselfWhenItWakesUp) {
  Node anna(bus_, clock_, "anna", 1);
  Node bert(bus_, clock_, "bert", 2);
  add(anna);
  add(bert);
  run(Millis(300));
  const auto since = anna.beats.trusted_since();
  anna.is_stopped = true;
  anna.bus.hold();
  run(Millis(5'000));
  EXPECT_FALSE(anna.trusts_itself());
  anna.bus.release();
  bus_.deliver();  // what had come while it was stopped
  EXPECT_FALSE(anna.trusts_itself());
  anna.is_stopped = false;
  run(Millis(20));
  EXPECT_TRUE(anna.trusts_itself());
  EXPECT_GT(anna.beats.trusted_since(), since);
}

TEST_F(NodeBeats, SilenceCountsFromWhenTheBusWasConnectedLast) {
  Node anna(bus_, clock_, "anna", 1);
  add(anna);
  run(Millis(3'000));
  const Sight before = anna.beats.sight();
  EXPECT_EQ(before.listening_since, before.trusted_since);
  anna.bus.cut();
  run(Millis(500));
  anna.bus.mend();
  run(Millis(500));
  const Sight after = anna.beats.sight();
  EXPECT_EQ(after.trusted_since, before.trusted_since);
  EXPECT_GE(after.listening_since, *before.trusted_since + Millis(3'000));
}

TEST_F(NodeBeats, OtherBytesUnderTheSubjectAreLeftAlone) {
  Node anna(bus_, clock_, "anna", 1);
  add(anna);
  must(anna.bus.publish("gl.beat.x", "no beat"));
  must(anna.bus.publish("gl.other.x", bytes_of({.node = {.name = "x", .incarnation = 1}})));
  run(Millis(300));
  EXPECT_THAT(anna.beats.sight().others, testing::IsEmpty());
}

TEST_F(NodeBeats, NodesThatWereNotHeardForAMinuteAreForgotten) {
  Node anna(bus_, clock_, "anna", 1);
  Node bert(bus_, clock_, "bert", 2);
  Node carl(bus_, clock_, "carl", 3);
  for (Node* const node : {&anna, &bert, &carl}) add(*node);
  run(Millis(300));
  bert.is_stopped = true;
  run(Millis(50'000));
  EXPECT_NE(anna.seen("bert"), nullptr);
  run(Millis(11'000));
  EXPECT_EQ(anna.seen("bert"), nullptr);
  EXPECT_NE(anna.seen("carl"), nullptr);
}

TEST_F(NodeBeats, ASecondNodeOfANameGivesWayWithWordsThatNameBoth) {
  Node first(bus_, clock_, "anna", 0x20);
  add(first);
  first.said.phase = Phase::kServing;
  run(Millis(1'000));
  Node second(bus_, clock_, "anna", 0x10);
  add(second);
  run(Millis(750));
  ASSERT_TRUE(second.beats.refusal());
  EXPECT_EQ(second.beats.refusal()->code, ErrorCode::kConflict);
  for (const char* const part : {"anna (incarnation 20)", "anna (incarnation 10)", "at-anna"}) {
    EXPECT_THAT(second.beats.refusal()->detail, testing::HasSubstr(part));
  }
  EXPECT_FALSE(second.trusts_itself());
  EXPECT_TRUE(second.beats.sight().is_refused);
  EXPECT_FALSE(first.beats.refusal());
  EXPECT_TRUE(first.trusts_itself());
}

TEST_F(NodeBeats, OfTwoNodesOfANameThatStartAtOnceOneStays) {
  for (const Phase phase : {Phase::kJoining, Phase::kServing}) {
    nodes_.clear();
    Node lower(bus_, clock_, "anna", 0x10);
    Node higher(bus_, clock_, "anna", 0x20);
    for (Node* const node : {&higher, &lower}) {
      node->said.phase = phase;
      add(*node);
    }
    run(Millis(750));
    EXPECT_FALSE(lower.beats.refusal());
    EXPECT_TRUE(higher.beats.refusal());
  }
}

TEST_F(NodeBeats, ANodeThatIsStartedAgainIsNotRefusedByBeatsOfTheStartBefore) {
  bus_.delay(Millis(400), Millis(400));
  {
    Node before(bus_, clock_, "anna", 1);
    add(before);
    before.said.phase = Phase::kServing;
    run(Millis(1'000));
    nodes_.clear();
    must(before.bus.publish("gl.beat.anna", bytes_of({.node = {.name = "anna", .incarnation = 1},
                                                      .phase = Phase::kServing})));
  }
  Node after(bus_, clock_, "anna", 2);
  add(after);
  run(Millis(2'000));
  EXPECT_FALSE(after.beats.refusal());
  EXPECT_TRUE(after.trusts_itself());
}

TEST_F(NodeBeats, ANameThatCannotStandInASubjectIsRefused) {
  TestBus::Member bus(bus_);
  for (const char* const name : {"", "a.b", "a b", "*"}) {
    Beats beats(bus, clock_, {.node = {.name = name, .incarnation = 1}});
    const Status started = beats.start();
    ASSERT_FALSE(started) << name;
    EXPECT_EQ(started.error().code, ErrorCode::kBadParams);
  }
}

}  // namespace
}  // namespace gridloom::cluster
