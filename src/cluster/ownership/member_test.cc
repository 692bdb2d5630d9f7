// A member on its threads, with a bus and claims in memory. What it decides is in
// ownership_test.cc.
#include "ownership/member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "ownership/test_bus.h"
#include "ownership/test_memory_claims.h"
#include "testing/must.h"

namespace gridloom::cluster {
namespace {

constexpr Millis kLongest{60'000};  // of a wait, which ends as soon as it can

// Notes what is asked of it, and wakes whoever waits for something.
class TestHost final : public SlotHost {
 public:
  void open(const Opening& opening, Opened opened) override {
    const std::scoped_lock lock(mutex_);
    open_.push_back(opening.slot);
    if (keeps_callbacks_) {
      kept_.push_back(std::move(opened));
    } else {
      opened({}, 0);
    }
    changed_.notify_all();
  }
  void close(Slot slot, Revision /*revision*/, CloseReason reason, Closed closed) override {
    const std::scoped_lock lock(mutex_);
    std::erase(open_, slot);
    reasons_.push_back(reason);
    if (keeps_closed_) {
      closed_.push_back(std::move(closed));
    } else {
      closed();
    }
    changed_.notify_all();
  }
  void owners_changed() override { wake(); }
  void refused(const Error& why) override {
    const std::scoped_lock lock(mutex_);
    refusal_ = why;
    changed_.notify_all();
  }

  void wake() {
    const std::scoped_lock lock(mutex_);
    changed_.notify_all();
  }
  // Looks again each time that something was asked, and 20 times a second.
  template <typename Holds>
  [[nodiscard]] bool wait_until(const Holds& holds) {
    const SteadyClock clock;
    const TimePoint end = clock.now() + kLongest;
    while (!holds()) {
      std::unique_lock lock(mutex_);
      if (clock.now() >= end) return false;
      changed_.wait_for(lock, Millis(50));
    }
    return true;
  }
  void keep_callbacks() { keeps_callbacks_ = true; }
  void keep_closed() { keeps_closed_ = true; }
  // Those that were kept are told.
  void end_closing() {
    const std::scoped_lock lock(mutex_);
    for (Closed& each : std::exchange(closed_, {})) each();
  }
  [[nodiscard]] std::size_t count_of_open() {
    const std::scoped_lock lock(mutex_);
    return open_.size();
  }
  [[nodiscard]] std::vector<CloseReason> reasons() {
    const std::scoped_lock lock(mutex_);
    return reasons_;
  }
  [[nodiscard]] std::optional<Error> refusal() {
    const std::scoped_lock lock(mutex_);
    return refusal_;
  }
  [[nodiscard]] std::vector<Opened> take_callbacks() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(kept_, {});
  }

 private:
  std::mutex mutex_;  // guards the members below
  std::condition_variable changed_;
  std::vector<Slot> open_;
  std::vector<CloseReason> reasons_;
  std::optional<Error> refusal_;
  bool keeps_callbacks_ = false;
  std::vector<Opened> kept_;
  bool keeps_closed_ = false;
  std::vector<Closed> closed_;
};

// Claims that hang or fail when the test wants it.
class HangingClaims final : public Claims {
 public:
  [[nodiscard]] Result<ClusterFacts> join(std::size_t slots) override { return inner.join(slots); }
  [[nodiscard]] Result<std::vector<SlotRow>> read() override {
    if (fails) return fail(ErrorCode::kIo, "the test has stopped the database");
    hangs.wait(true);
    return inner.read();
  }
  [[nodiscard]] Result<SlotRow> claim(const Ask& ask) override { return inner.claim(ask); }
  [[nodiscard]] Status release(Slot slot, const NodeId& node, Revision revision) override {
    return inner.release(slot, node, revision);
  }

  MemoryClaims inner;
  std::atomic<bool> hangs = false;
  std::atomic<bool> fails = false;
};

class ClusterMember : public testing::Test {
 protected:
  // A node with all that it needs.
  struct Node {
    explicit Node(TestBus& test_bus) : bus(test_bus) {}
    TestBus::Member bus;
    TestHost host;
    std::unique_ptr<Member> member;

    [[nodiscard]] std::size_t acknowledged() const {
      std::size_t count = 0;
      for (std::size_t i = 0; i < kMostSlots; ++i) {
        if (member->acknowledges(static_cast<Slot>(i))) ++count;
      }
      return count;
    }
  };
  std::unique_ptr<Node> start(const std::string& name, std::size_t slots = 2) {
    auto node = std::make_unique<Node>(bus_);
    begin(*node, name, slots);
    return node;
  }
  void begin(Node& node, const std::string& name, std::size_t slots = 2) {
    node.member = must(
        Member::start({.bus = node.bus, .claims = claims_, .host = node.host, .steady = clock_},
                      {.node = {.name = name, .incarnation = random_incarnation()},
                       .version = "1",
                       .address = "at-" + name,
                       .slots = slots}));
  }
  static bool serves(Node& node, std::size_t slots) {
    return node.host.wait_until([&] { return node.acknowledged() == slots; });
  }

  SteadyClock clock_;
  TestBus bus_{clock_, TestBus::Delivery::kAtOnce};
  HangingClaims claims_;
};

TEST_F(ClusterMember, ServesTheSlotsAndGivesThemUpWhenItStops) {
  const auto node = start("anna", 8);
  ASSERT_TRUE(serves(*node, 8));
  EXPECT_EQ(node->host.count_of_open(), 8U);
  const auto are_known = [&] {
    const std::vector<SlotOwner> owners = node->member->owners();
    return owners.size() == 8 &&
           std::ranges::all_of(owners, [](const SlotOwner& each) { return each.is_served; });
  };
  EXPECT_TRUE(node->host.wait_until(are_known));
  EXPECT_EQ(node->member->health().phase, Phase::kServing);
  EXPECT_TRUE(node->member->stop(kLongest));
  EXPECT_EQ(node->acknowledged(), 0U);
  EXPECT_EQ(node->host.count_of_open(), 0U);
  EXPECT_THAT(node->host.reasons(), testing::Each(CloseReason::kDraining));
  for (const SlotRow& row : must(claims_.read())) EXPECT_EQ(row.owner, std::nullopt);
}

TEST_F(ClusterMember, SharesSlotsWithAnotherAndTakesThemWhenThatStops) {
  const auto anna = start("anna");
  ASSERT_TRUE(serves(*anna, 2));
  const auto bert = start("bert");
  ASSERT_TRUE(serves(*bert, 1));
  ASSERT_TRUE(serves(*anna, 1));
  const auto knows_bert = [&] {
    return std::ranges::any_of(anna->member->owners(), [](const SlotOwner& each) {
      return each.is_served && each.node && each.node->name == "bert";
    });
  };
  EXPECT_TRUE(anna->host.wait_until(knows_bert));
  EXPECT_TRUE(anna->member->stop(kLongest));
  EXPECT_TRUE(serves(*bert, 2));
}

// It says goodbye to its clients, which are connected to other nodes too.
TEST_F(ClusterMember, ASlotThatIsGivenUpByPlanIsServedForOthersUntilItIsClosed) {
  const auto anna = start("anna");
  ASSERT_TRUE(serves(*anna, 2));
  const auto bert = start("bert");
  ASSERT_TRUE(serves(*bert, 1));
  ASSERT_TRUE(serves(*anna, 1));
  const auto of_anna = [](Node& at) {
    return std::ranges::count_if(at.member->owners(), [](const SlotOwner& each) {
      return each.is_served && each.node && each.node->name == "anna";
    });
  };
  EXPECT_TRUE(bert->host.wait_until([&] { return of_anna(*bert) == 1; }));
  anna->host.keep_closed();
  EXPECT_FALSE(anna->member->stop(Millis(0)));
  EXPECT_TRUE(anna->host.wait_until([&] { return !anna->host.reasons().empty(); }));
  // Bert hears that she drains in a beat that says all of it.
  const auto knows = [&] {
    return std::ranges::any_of(bert->member->health().others, [](const SeenNode& each) {
      return each.id.name == "anna" && each.phase == Phase::kDraining;
    });
  };
  EXPECT_TRUE(bert->host.wait_until(knows));
  EXPECT_EQ(of_anna(*bert), 1);
  EXPECT_EQ(of_anna(*anna), 1);
  EXPECT_EQ(anna->acknowledged(), 0U);
  anna->host.end_closing();
  EXPECT_TRUE(serves(*bert, 2));
  EXPECT_EQ(of_anna(*anna), 0);
}

TEST_F(ClusterMember, SlotsOfOneThatWasKilledAreTakenAfterTheLease) {
  auto anna = start("anna");
  ASSERT_TRUE(serves(*anna, 2));
  const auto bert = start("bert");
  ASSERT_TRUE(serves(*bert, 1));
  anna->member.reset();
  EXPECT_TRUE(serves(*bert, 2));
  for (const SlotRow& row : must(claims_.read())) EXPECT_EQ(row.owner->name, "bert");
}

TEST_F(ClusterMember, AcknowledgesNothingOnceItsBeatsDoNotComeBack) {
  const auto node = start("anna");
  ASSERT_TRUE(serves(*node, 2));
  node->bus.cut();
  EXPECT_TRUE(serves(*node, 0));
  EXPECT_TRUE(node->host.wait_until([&] { return node->host.count_of_open() == 0; }));
  EXPECT_THAT(node->host.reasons(), testing::Each(CloseReason::kNotTrusted));
  EXPECT_FALSE(node->member->health().trusts_itself);
  node->bus.mend();
  EXPECT_TRUE(serves(*node, 2));
}

TEST_F(ClusterMember, BeatsGoOnWhileTheDatabaseHangs) {
  const auto node = start("anna");
  ASSERT_TRUE(serves(*node, 2));
  std::atomic<int> beats = 0;
  TestBus::Member listener(bus_);
  const auto subscription = must(listener.subscribe(
      "gl.beat.anna", [&](std::string_view /*subject*/, std::string_view /*bytes*/) { ++beats; }));
  claims_.hangs = true;
  // Ten beats take longer than a node trusts itself.
  EXPECT_TRUE(node->host.wait_until([&] { return beats >= 10; }));
  EXPECT_EQ(node->host.count_of_open(), 2U);
  claims_.hangs = false;
  claims_.hangs.notify_all();
  EXPECT_TRUE(node->member->stop(kLongest));
}

TEST_F(ClusterMember, SaysSinceWhenTheClaimsAreAway) {
  const auto node = start("anna");
  ASSERT_TRUE(serves(*node, 2));
  EXPECT_EQ(node->member->health().claims.since, std::nullopt);
  claims_.fails = true;
  const auto is_away = [&] { return node->member->health().claims.since.has_value(); };
  EXPECT_TRUE(node->host.wait_until(is_away));
  EXPECT_EQ(node->member->health().claims.error, "the test has stopped the database");
  EXPECT_EQ(node->acknowledged(), 2U);
  claims_.fails = false;
  EXPECT_TRUE(node->host.wait_until([&] { return !is_away(); }));
}

TEST_F(ClusterMember, ASecondOneOfANameIsRefusedAndToldWhy) {
  const auto first = start("anna");
  ASSERT_TRUE(serves(*first, 2));
  const auto second = start("anna");
  ASSERT_TRUE(second->host.wait_until([&] { return second->host.refusal().has_value(); }));
  EXPECT_EQ(second->host.refusal()->code, ErrorCode::kConflict);
  EXPECT_EQ(second->member->health().refusal->detail, second->host.refusal()->detail);
  EXPECT_EQ(second->acknowledged(), 0U);
  EXPECT_TRUE(second->member->stop(kLongest));
  EXPECT_EQ(first->acknowledged(), 2U);
}

TEST_F(ClusterMember, ASlotWhoseWritesAreRefusedIsClosed) {
  const auto node = start("anna");
  ASSERT_TRUE(serves(*node, 2));
  const Revision revision = *node->member->acknowledges(Slot{1});
  const NodeId other{.name = "other", .incarnation = 1};
  must(claims_.claim({.slot = Slot{1}, .node = other, .seen = revision}));
  node->member->note_fenced(Slot{1}, revision);
  EXPECT_TRUE(serves(*node, 1));
  EXPECT_TRUE(node->host.wait_until([&] { return node->host.count_of_open() == 1; }));
  EXPECT_THAT(node->host.reasons(), testing::ElementsAre(CloseReason::kOvertaken));
}

TEST_F(ClusterMember, ANodeWithAnotherNumberOfSlotsDoesNotStart) {
  const auto first = start("anna", 8);
  TestBus::Member bus(bus_);
  TestHost host;
  const auto refused =
      Member::start({.bus = bus, .claims = claims_, .host = host, .steady = clock_},
                    {.node = {.name = "bert", .incarnation = 1}, .slots = 16});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
}

TEST_F(ClusterMember, AnswersThatComeAfterItsEndAreLeftAlone) {
  auto node = std::make_unique<Node>(bus_);
  node->host.keep_callbacks();
  begin(*node, "anna");
  ASSERT_TRUE(node->host.wait_until([&] { return node->host.count_of_open() == 2; }));
  node->member.reset();
  for (SlotHost::Opened& opened : node->host.take_callbacks()) opened({}, 0);
}

}  // namespace
}  // namespace gridloom::cluster
