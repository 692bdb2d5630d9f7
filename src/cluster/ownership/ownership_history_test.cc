// Properties of ownership over hundreds of seeded histories in simulated time
// (ownership/test_cluster.h), thousands with GL_LONG in the environment.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "ownership/test_cluster.h"
#include "testing/long_runs.h"

namespace gridloom::cluster {
namespace {

constexpr Millis kLease{3'000};
constexpr Millis kTakeOver = kLease + Millis(500);
const std::uint64_t kHistories = runs_long() ? 1'000 : 250;
constexpr std::size_t kSlotCounts[] = {1, 3, 8, 16};

// Faults that come at random and pass at random.
class Faults {
 public:
  using Overlap = TestCluster::Overlap;
  Faults(std::uint64_t seed, Overlap overlap)
      : cluster_(seed, kSlotCounts[seed % std::size(kSlotCounts)], overlap), overlap_(overlap) {
    cluster_.bus().delay(Millis(0), Millis(dice().between(0, 100)));
    for (std::int64_t i = dice().between(1, 5); i > 0; --i) start();
  }

  void run(Millis time) {
    for (const TimePoint end = now() + time; now() < end;) {
      if (now() >= next_) {
        next_ = now() + Millis(dice().between(100, 4'000));
        begin_one();
      }
      end_those_over();
      cluster_.step();
    }
  }
  // All is as it should be from here on.
  void end_all() {
    while (!pending_.empty()) {
      pending_.back().end();
      pending_.pop_back();
    }
    if (cluster_.nodes().empty()) start();
  }
  [[nodiscard]] TestCluster& cluster() { return cluster_; }

 private:
  struct Pending {
    TimePoint due{};
    std::function<void()> end{};
  };

  [[nodiscard]] Dice& dice() { return cluster_.dice(); }
  [[nodiscard]] TimePoint now() { return cluster_.clock().now(); }

  void start() { cluster_.start(fmt::format("n{}", ++names_)); }
  void later(std::int64_t most_ms, std::function<void()> end) {
    pending_.push_back({now() + Millis(dice().between(50, most_ms)), std::move(end)});
  }
  // The fault of a node that may be gone by then.
  void on_node(const NodeId& id, std::int64_t most_ms, std::function<void(TestNode&)> end) {
    later(most_ms, [this, id, end = std::move(end)] {
      for (TestNode* const node : cluster_.nodes()) {
        if (node->id() == id) end(*node);
      }
    });
  }
  void end_those_over() {
    for (std::size_t i = pending_.size(); i-- > 0;) {
      if (pending_[i].due > now()) continue;
      const std::function<void()> end = std::move(pending_[i].end);
      pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
      end();
    }
  }

  void begin_one() {
    const std::vector<TestNode*> nodes = cluster_.nodes();
    if (nodes.empty() || (nodes.size() < 6 && dice().once_in(8))) return start();
    TestNode& node = *dice().one_of(nodes);
    const NodeId id = node.id();
    switch (dice().below(overlap_ == Overlap::kNever ? 6 : 8)) {
      case 0:  // killed, and perhaps started again under its name
        cluster_.kill(node);
        if (!dice().once_in(4)) later(8'000, [this, id] { cluster_.start(id.name); });
        break;
      case 1:
        node.pause();
        on_node(id, 12'000, [](TestNode& same) { same.resume(); });
        break;
      case 2:
        node.bus().cut();
        on_node(id, 8'000, [](TestNode& same) { same.bus().mend(); });
        break;
      case 3:
        node.database().cut(true);
        on_node(id, 8'000, [](TestNode& same) { same.database().cut(false); });
        break;
      case 4:
        node.drain();
        on_node(id, 8'000, [this](TestNode& same) { cluster_.kill(same); });
        break;
      case 5:
        node.fail_opens(kAnyRevision);
        on_node(id, 4'000, [](TestNode& same) { same.fail_opens(0); });
        break;
      case 6:
        node.bus().move_to_side(1);
        on_node(id, 10'000, [](TestNode& same) { same.bus().move_to_side(0); });
        break;
      default:
        cluster_.bus().lose_one_in(2);
        later(6'000, [this] { cluster_.bus().lose_one_in(0); });
        break;
    }
  }

  TestCluster cluster_;
  const Overlap overlap_;
  std::size_t names_ = 0;
  TimePoint next_{};
  std::vector<Pending> pending_;
};

// Runs the histories of a range of seeds; a failure names its seed.
void run_histories(std::uint64_t from, std::uint64_t count, TestCluster::Overlap overlap) {
  std::size_t moves = 0;
  std::uint64_t refused = 0;
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    Faults faults(seed, overlap);
    TestCluster& cluster = faults.cluster();
    faults.run(Millis(15'000));
    faults.end_all();
    cluster.run(kLease);
    for (int i = 0; i < 100 && !cluster.is_fair(); ++i) cluster.run(Millis(200));
    cluster.run(Millis(1'000));  // claims that were under way are refused by now
    EXPECT_TRUE(cluster.is_fair()) << "seed " << seed << ": " << cluster.count_of_served();
    const std::size_t before = cluster.count_of_moves();
    moves += before;
    refused += cluster.claims().refused();
    cluster.run(Millis(4'000));
    EXPECT_THAT(cluster.failures(), testing::IsEmpty()) << "seed " << seed;
    EXPECT_EQ(cluster.count_of_moves(), before) << "seed " << seed;
    if (testing::Test::HasFailure()) return;
  }
  fmt::print("{} histories, {} claims and closes, {} writes refused\n", count, moves, refused);
  EXPECT_GT(moves, 10 * count);
}

TEST(OwnershipHistory, NoTwoNodesAcknowledgeForASlotAtOneMoment) {
  run_histories(1, kHistories, TestCluster::Overlap::kNever);
}

TEST(OwnershipHistory, IfTheBusIsSplitOrLosesMessagesNoTwoNodesAcknowledgeUnderOneRevision) {
  run_histories(100'001, kHistories, TestCluster::Overlap::kUnderOtherRevisions);
}

TEST(OwnershipHistory, SlotsOfAKilledNodeAreServedAgainWithinTheLeaseAndHalfASecond) {
  for (std::uint64_t seed = 1; seed <= kHistories / 5; ++seed) {
    TestCluster cluster(seed, kSlotCounts[seed % std::size(kSlotCounts)]);
    cluster.bus().delay(Millis(0), Millis(20));
    const std::int64_t nodes = cluster.dice().between(2, 5);
    for (std::int64_t i = 0; i < nodes; ++i) cluster.start(fmt::format("n{}", i));
    cluster.run(Millis(20'000 + cluster.dice().between(0, 999)));
    ASSERT_TRUE(cluster.is_fair()) << "seed " << seed;
    cluster.kill(*cluster.dice().one_of(cluster.nodes()));
    cluster.run(kTakeOver);
    ASSERT_EQ(cluster.count_of_served(), cluster.slots()) << "seed " << seed;
    ASSERT_THAT(cluster.failures(), testing::IsEmpty()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace gridloom::cluster
