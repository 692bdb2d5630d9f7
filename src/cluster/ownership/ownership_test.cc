// What ownership does in named situations, in simulated time (ownership/test_cluster.h).
// ownership_history_test.cc has what holds whatever happens.
#include "ownership/ownership.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "ownership/beat.h"
#include "ownership/test_cluster.h"

namespace gridloom::cluster {
namespace {

constexpr Millis kLease{3'000};

class SlotOwnership : public testing::Test {
 protected:
  explicit SlotOwnership(TestCluster::Overlap overlap = TestCluster::Overlap::kNever)
      : cluster_(1, 8, overlap) {}

  // Nodes n1, n2, ... that have their shares and rest.
  void start(std::size_t nodes) {
    cluster_.bus().delay(Millis(0), Millis(20));
    for (std::size_t i = 1; i <= nodes; ++i) cluster_.start(fmt::format("n{}", i));
    cluster_.run(Millis(15'000));
    ASSERT_TRUE(cluster_.is_fair());
  }
  TestNode& node(std::string_view name) {
    for (TestNode* const each : cluster_.nodes()) {
      if (each->id().name == name) return *each;
    }
    throw std::runtime_error("no such node");
  }
  // How long it takes until the condition holds; at most `at_most`.
  template <typename Holds>
  Millis time_until(const Holds& holds, Millis at_most = Millis(30'000)) {
    const TimePoint begin = cluster_.clock().now();
    while (!holds() && cluster_.clock().now() - begin < at_most) cluster_.step();
    return cluster_.clock().now() - begin;
  }
  [[nodiscard]] bool are_all_served() const {
    return cluster_.count_of_served() == cluster_.slots();
  }
  std::vector<SlotRow> rows() { return must(cluster_.claims().read()); }
  // Without their positions: "0: n1 (incarnation 12) 3".
  std::vector<std::string> owners() {
    std::vector<std::string> lines;
    for (const SlotRow& row : rows()) {
      lines.push_back(fmt::format("{}: {} {}", number_of(row.slot),
                                  row.owner ? text_of(*row.owner) : "nobody", row.revision));
    }
    return lines;
  }
  void TearDown() override { EXPECT_THAT(cluster_.failures(), testing::IsEmpty()); }

  TestCluster cluster_;
};

// Two starts of one name: the later one claims what the earlier one has as soon as that has not
// answered, which may be while it is paused and would still trust itself.
class SlotOwnershipOfOneName : public SlotOwnership {
 protected:
  SlotOwnershipOfOneName() : SlotOwnership(TestCluster::Overlap::kUnderOtherRevisions) {}
};

TEST_F(SlotOwnership, TheFirstNodeServesAllSlotsWithinASecond) {
  cluster_.start("n1");
  EXPECT_LE(time_until([&] { return are_all_served(); }), Millis(1'000));
}

TEST_F(SlotOwnership, ANodeThatComesGetsItsShareAndNothingElseMoves) {
  start(2);
  const std::vector<SlotRow> before = rows();
  cluster_.start("n3");
  cluster_.run(Millis(10'000));
  EXPECT_TRUE(cluster_.is_fair());
  for (const SlotRow& row : rows()) {
    const SlotRow& was = before.at(number_of(row.slot));
    if (row.owner == was.owner) {
      EXPECT_EQ(row.revision, was.revision);
    } else {
      EXPECT_EQ(row.owner->name, "n3");
      EXPECT_EQ(row.revision, was.revision + 1);
    }
  }
}

TEST_F(SlotOwnership, OneSlotMovesAtATime) {
  start(1);
  cluster_.start("n2");
  std::size_t fewest = cluster_.slots();
  for (int i = 0; i < 1'000; ++i) {
    cluster_.step();
    fewest = std::min(fewest, cluster_.count_of_served());
  }
  EXPECT_EQ(fewest, cluster_.slots() - 1);
  EXPECT_TRUE(cluster_.is_fair());
}

TEST_F(SlotOwnership, NothingMovesWhileNothingHappens) {
  start(5);
  const std::size_t before = cluster_.count_of_moves();
  cluster_.run(Millis(120'000));
  EXPECT_EQ(cluster_.count_of_moves(), before);
}

TEST_F(SlotOwnership, APlannedStopIsFollowedByClaimsAtOnce) {
  start(3);
  node("n2").drain();
  const auto is_gone = [&] { return are_all_served() && cluster_.slots_of(node("n2")) == 0; };
  EXPECT_LE(time_until([&] { return node("n2").ownership().has_drained(); }), Millis(250));
  EXPECT_LE(time_until(is_gone), Millis(750));
  cluster_.run(Millis(5'000));
  EXPECT_EQ(cluster_.slots_of(node("n2")), 0U);
}

TEST_F(SlotOwnership, SlotsOfAKilledNodeAreSharedByTheOthers) {
  start(3);
  cluster_.kill(node("n1"));
  EXPECT_LE(time_until([&] { return are_all_served(); }), kLease + Millis(500));
  EXPECT_TRUE(cluster_.is_fair());
}

TEST_F(SlotOwnership, AKilledNodeThatIsStartedAgainTakesItsOwnSlotsAgainWithinASecond) {
  start(3);
  const std::vector<SlotRow> before = rows();
  cluster_.kill(node("n1"));
  cluster_.start("n1");
  EXPECT_LE(time_until([&] { return are_all_served(); }), Millis(1'000));
  for (const SlotRow& row : rows()) {
    EXPECT_EQ(row.owner->name, before.at(number_of(row.slot)).owner->name);
  }
}

TEST_F(SlotOwnership, ANodeThatWakesUpAfterItsLeaseHasNothingAndGetsItsShareLater) {
  start(3);
  node("n1").pause();
  EXPECT_LE(time_until([&] { return are_all_served(); }), kLease + Millis(500));
  cluster_.run(Millis(3'000));
  node("n1").resume();
  cluster_.step();
  EXPECT_EQ(cluster_.slots_of(node("n1")), 0U);
  cluster_.run(Millis(10'000));
  EXPECT_TRUE(cluster_.is_fair());
}

TEST_F(SlotOwnership, ANodeThatIsCutOffStopsBeforeOthersClaim) {
  start(3);
  const std::size_t own = cluster_.slots_of(node("n1"));
  node("n1").bus().cut();
  const auto has_stopped = [&] { return cluster_.slots_of(node("n1")) == 0; };
  EXPECT_LE(time_until(has_stopped), Millis(2'050));
  EXPECT_EQ(cluster_.count_of_served(), cluster_.slots() - own);
  EXPECT_GE(time_until([&] { return are_all_served(); }), Millis(700));
  EXPECT_TRUE(are_all_served());
}

TEST_F(SlotOwnership, AShortCutOfTheBusMovesNothing) {
  start(3);
  const std::size_t before = cluster_.count_of_moves();
  for (int i = 0; i < 5; ++i) {
    node("n1").bus().cut();
    cluster_.run(Millis(1'500));
    node("n1").bus().mend();
    cluster_.run(Millis(1'000));
  }
  EXPECT_EQ(cluster_.count_of_moves(), before);
}

TEST_F(SlotOwnership, WhenTheWholeBusIsAwayEveryNodeTakesItsOwnSlotsAgain) {
  start(3);
  const std::vector<SlotRow> before = rows();
  for (TestNode* const each : cluster_.nodes()) each->bus().cut();
  cluster_.run(Millis(20'000));
  EXPECT_EQ(cluster_.count_of_served(), 0U);
  for (TestNode* const each : cluster_.nodes()) each->bus().mend();
  EXPECT_LE(time_until([&] { return are_all_served(); }), Millis(1'500));
  for (const SlotRow& row : rows()) {
    EXPECT_EQ(row.owner, before.at(number_of(row.slot)).owner);
    EXPECT_EQ(row.revision, before.at(number_of(row.slot)).revision + 1);
  }
}

TEST_F(SlotOwnership, WhenTheDatabaseIsAwayOwnersGoOnAndNothingMoves) {
  start(3);
  const std::vector<std::string> before = owners();
  for (TestNode* const each : cluster_.nodes()) each->database().cut(true);
  cluster_.run(Millis(20'000));
  EXPECT_TRUE(are_all_served());
  EXPECT_EQ(owners(), before);
  cluster_.kill(node("n1"));
  cluster_.run(Millis(10'000));
  EXPECT_LT(cluster_.count_of_served(), cluster_.slots());
  for (TestNode* const each : cluster_.nodes()) each->database().cut(false);
  EXPECT_LE(time_until([&] { return are_all_served(); }), Millis(1'000));
}

TEST_F(SlotOwnership, ANodeThatCannotReachTheDatabaseIsGivenNothing) {
  start(2);
  TestNode& late = cluster_.start("n3");
  late.database().cut(true);
  const std::size_t before = cluster_.count_of_moves();
  cluster_.run(Millis(10'000));
  EXPECT_EQ(cluster_.count_of_moves(), before);
  late.database().cut(false);
  cluster_.run(Millis(10'000));
  EXPECT_TRUE(cluster_.is_fair());
}

TEST_F(SlotOwnership, ASlotThatANodeCannotOpenIsOpenedByAnother) {
  start(2);
  node("n2").fail_opens(kAnyRevision);
  cluster_.kill(node("n1"));
  cluster_.start("n3");
  cluster_.run(Millis(8'000));
  EXPECT_TRUE(are_all_served());
  EXPECT_GE(cluster_.slots_of(node("n3")), 4U);
  node("n2").fail_opens(0);
  cluster_.run(Millis(90'000));
  EXPECT_TRUE(cluster_.is_fair());
}

TEST_F(SlotOwnership, AClaimWhoseOutcomeWasLostIsTakenUp) {
  cluster_.start("n1");
  cluster_.run(Millis(700));
  node("n1").database().cut(true);
  cluster_.run(Millis(1'000));
  node("n1").database().cut(false);
  EXPECT_LE(time_until([&] { return are_all_served(); }), Millis(1'000));
  for (const SlotRow& row : rows()) EXPECT_LE(row.revision, 2);
}

TEST_F(SlotOwnership, ADatabaseThatWasSetBackLeadsToClaimsAboveTheRevisionsOfBefore) {
  start(2);
  const std::vector<SlotRow> before = rows();
  cluster_.kill(node("n1"));
  cluster_.start("n1");
  cluster_.run(Millis(5'000));
  const std::vector<SlotRow> after = rows();
  cluster_.claims().set_back(before);
  cluster_.run(Millis(6'000));
  EXPECT_TRUE(cluster_.is_fair());
  for (const SlotRow& row : rows()) {
    const SlotRow& was = after.at(number_of(row.slot));
    if (was.revision == before.at(number_of(row.slot)).revision) continue;
    EXPECT_GT(row.revision, was.revision);
  }
}

// No node of before is there to tell the revisions: the logs do. One by one it took minutes.
TEST_F(SlotOwnership, ADatabaseThatWasSetBackFarIsClaimedAboveTheLogsAtOnce) {
  constexpr Revision kInLogs = 500;
  for (const char* name : {"n1", "n2"}) {
    cluster_.start(name);
    node(name).fail_opens(kInLogs);
  }
  EXPECT_LE(time_until([&] { return are_all_served(); }), Millis(4'000));
  for (const SlotRow& row : rows()) {
    EXPECT_GT(row.revision, kInLogs);
    EXPECT_LE(row.revision, kInLogs + 4);
  }
}

TEST_F(SlotOwnership, ABeatWithAnAbsurdRevisionUsesNoNumbersUp) {
  start(2);
  TestBus::Member stranger(cluster_.bus());
  Beat forged{.node = {.name = "forged", .incarnation = 1}};
  for (const SlotRow& row : rows()) {
    forged.served.push_back({.slot = row.slot, .revision = std::int64_t{1} << 52U});
  }
  must(stranger.publish("gl.beat.forged", bytes_of(forged)));
  cluster_.run(Millis(1'000));
  cluster_.kill(node("n2"));
  cluster_.run(Millis(10'000));
  EXPECT_TRUE(are_all_served());
  for (const SlotRow& row : rows()) EXPECT_LT(row.revision, 1'000);
}

TEST_F(SlotOwnership, AFencedSlotIsClosedAndTheRowsAreRead) {
  start(2);
  TestNode& owner = node("n1");
  const auto slot = [&] {
    for (const SlotRow& row : rows()) {
      if (row.owner == owner.id()) return row;
    }
    return SlotRow{};
  }();
  must(
      cluster_.claims().claim({.slot = slot.slot, .node = node("n2").id(), .seen = slot.revision}));
  owner.note_fenced(slot.slot, slot.revision);
  cluster_.step();
  EXPECT_EQ(owner.acknowledges(slot.slot), std::nullopt);
  EXPECT_LE(time_until([&] { return node("n2").acknowledges(slot.slot).has_value(); }),
            Millis(1'500));
}

TEST_F(SlotOwnershipOfOneName, ASecondNodeOfANameGetsNoSlotAndTheFirstKeepsItsOwn) {
  start(2);
  const std::vector<std::string> before = owners();
  TestNode& second = cluster_.start("n1");
  cluster_.run(Millis(10'000));
  EXPECT_TRUE(second.beats().refusal());
  EXPECT_EQ(cluster_.slots_of(second), 0U);
  EXPECT_EQ(owners(), before);
}

TEST_F(SlotOwnershipOfOneName, ANodeThatWakesUpBesideALaterStartOfItselfGivesWay) {
  start(2);
  TestNode& first = node("n1");
  first.pause();
  TestNode& second = cluster_.start("n1");
  cluster_.run(Millis(5'000));
  EXPECT_TRUE(are_all_served());
  first.resume();
  cluster_.run(Millis(5'000));
  EXPECT_TRUE(first.beats().refusal());
  EXPECT_FALSE(second.beats().refusal());
  EXPECT_EQ(cluster_.slots_of(first), 0U);
  EXPECT_TRUE(are_all_served());
}

}  // namespace
}  // namespace gridloom::cluster
