// For tests: nodes of a cluster in simulated time, with the faults that nodes, their bus and their
// database have. Nodes are what they are in a server, beats and decisions, without its threads;
// the slots that they open are not.
//
// Each node has a clock of its own, which runs up to 1 % faster or slower. Every chance comes from
// one seed. Thread rule: one thread.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "ownership/beats.h"
#include "ownership/effects.h"
#include "ownership/ownership.h"
#include "ownership/test_bus.h"
#include "ownership/test_memory_claims.h"
#include "testing/clock.h"
#include "testing/dice.h"
#include "testing/must.h"

namespace gridloom::cluster {

// Runs beside `world` at another rate, from another time.
class SkewedClock final : public Clock {
 public:
  SkewedClock(const Clock& world, double rate, Millis ahead)
      : world_(world), rate_(rate), ahead_(ahead) {}
  [[nodiscard]] TimePoint now() const override {
    const auto passed_ms = static_cast<double>((world_.now() - kTestStart).count());
    return kTestStart + ahead_ + Millis(std::llround(passed_ms * rate_));
  }

 private:
  const Clock& world_;
  double rate_;
  Millis ahead_;
};

// What nodes share.
struct World {
  const Clock& clock;
  TestBus& bus;
  MemoryClaims& claims;
  Dice& dice;

  [[nodiscard]] TimePoint after(std::int64_t least_ms, std::int64_t most_ms) const {
    return clock.now() + Millis(dice.between(least_ms, most_ms));
  }
};

// A node's connection with the database, which carries out what it was sent, in order, whatever the
// node does meanwhile.
class DatabaseLink {
 public:
  using Call = std::variant<ReadClaims, Claim, Release>;
  DatabaseLink(const World& world, NodeId node) : world_(world), node_(std::move(node)) {}

  void send(const Call& call) {
    const TimePoint last = sent_.empty() ? TimePoint{} : sent_.back().due;
    sent_.push_back({.due = std::max(last, world_.after(1, 10)), .call = call});
  }
  void advance() {
    while (!sent_.empty() && sent_.front().due <= world_.clock.now()) {
      carry_out(sent_.front().call);
      sent_.pop_front();
    }
  }
  // The next answer that has arrived.
  std::optional<Event> take_answer() {
    if (answers_.empty() || answers_.front().due > world_.clock.now()) return std::nullopt;
    Event event = std::move(answers_.front().event);
    answers_.pop_front();
    return event;
  }
  void cut(bool is_cut) { is_cut_ = is_cut; }
  [[nodiscard]] bool is_cut() const { return is_cut_; }

 private:
  struct Sent {
    TimePoint due{};
    Call call{};
  };
  struct Answer {
    TimePoint due{};
    Event event{};
  };

  void carry_out(const Call& call) {
    // A connection is lost before the database got the call, or before it answered.
    if (is_cut_ && world_.dice.once_in(2))
      (void)std::visit([this](const auto& what) { return done(what); }, call);
    Event event =
        std::visit([this](const auto& what) { return is_cut_ ? failed(what) : done(what); }, call);
    answers_.push_back({.due = world_.after(1, 10), .event = std::move(event)});
  }
  Event done(const ReadClaims& /*what*/) { return ClaimsRead{.rows = must(world_.claims.read())}; }
  Event done(const Claim& what) {
    const auto row = world_.claims.claim(
        {.slot = what.slot, .node = node_, .seen = what.seen, .above = what.above});
    if (row) return Claimed{.row = *row};
    return ClaimFailed{.slot = what.slot, .why = ClaimFailed::Why::kRefused};
  }
  Event done(const Release& what) {
    const bool is_released = world_.claims.release(what.slot, node_, what.revision).has_value();
    return SlotEvent{
        .what = is_released ? SlotEvent::What::kReleased : SlotEvent::What::kReleaseFailed,
        .slot = what.slot,
        .revision = what.revision};
  }
  static Event failed(const ReadClaims& /*what*/) { return ClaimsUnreadable{}; }
  static Event failed(const Claim& what) {
    return ClaimFailed{.slot = what.slot, .why = ClaimFailed::Why::kUnknown};
  }
  static Event failed(const Release& what) {
    return SlotEvent{
        .what = SlotEvent::What::kReleaseFailed, .slot = what.slot, .revision = what.revision};
  }

  const World world_;
  const NodeId node_;
  std::deque<Sent> sent_;
  std::deque<Answer> answers_;
  bool is_cut_ = false;
};

inline constexpr Revision kAnyRevision = std::numeric_limits<Revision>::max();

// One start of a node.
class TestNode {
 public:
  static constexpr Millis kTick{50};

  struct Options {
    std::string name;
    std::size_t slots = kDefaultSlots;
    std::int64_t incarnation = 1;
  };
  TestNode(const World& world, const Options& options)
      : world_(world),
        id_{.name = options.name, .incarnation = options.incarnation},
        clock_(world.clock, 1 + static_cast<double>(world.dice.between(-10, 10)) / 1000,
               Millis(world.dice.between(0, 100'000))),
        bus_(world.bus),
        beats_(bus_, clock_, {.node = id_, .version = "1", .address = options.name}),
        ownership_({.node = id_, .slots = options.slots}),
        database_(world, id_) {
    must(beats_.start());
  }
  TestNode(const TestNode&) = delete;
  TestNode& operator=(const TestNode&) = delete;

  // Runs what its thread would at this time.
  void run() {
    if (is_paused_) return;
    bool has_news = false;
    while (const std::optional<Event> answer = database_.take_answer()) {
      ownership_.note(*answer, clock_.now());
      has_news = true;
    }
    std::erase_if(local_, [&](const Outcome& each) {
      if (each.due > world_.clock.now()) return false;
      ownership_.note(each.event, clock_.now());
      return has_news = true;
    });
    if (!has_news && world_.clock.now() < next_) return;
    next_ = world_.clock.now() + kTick;
    for (const Effect& effect : ownership_.step(beats_.sight(), clock_.now())) {
      std::visit([this](const auto& what) { act(what); }, effect);
    }
    beats_.tick(said_);
  }

  void pause() {
    is_paused_ = true;
    bus_.hold();
  }
  void resume() {
    is_paused_ = false;
    bus_.release();
  }
  // Under any revision up to this one, because the logs have a later owner; kAnyRevision: because
  // nothing can be opened.
  void fail_opens(Revision up_to) { fails_up_to_ = up_to; }
  void drain() { ownership_.drain(); }
  void note_fenced(Slot slot, Revision revision) {
    local_.push_back(
        {world_.clock.now(),
         SlotEvent{.what = SlotEvent::What::kFenced, .slot = slot, .revision = revision}});
  }

  // The revision under which it would acknowledge for the slot at this moment.
  [[nodiscard]] std::optional<Revision> acknowledges(Slot slot) const {
    return may_acknowledge() ? ownership_.serves(slot) : std::nullopt;
  }
  [[nodiscard]] bool may_acknowledge() const {
    const auto since = beats_.trusted_since();
    return since && since == ownership_.era();
  }
  [[nodiscard]] const NodeId& id() const { return id_; }
  [[nodiscard]] bool is_paused() const { return is_paused_; }
  [[nodiscard]] DatabaseLink& database() { return database_; }
  [[nodiscard]] TestBus::Member& bus() { return bus_; }
  [[nodiscard]] const Beats& beats() const { return beats_; }
  [[nodiscard]] const Ownership& ownership() const { return ownership_; }
  // Claims and closes that it asked for.
  [[nodiscard]] std::size_t count_of_moves() const { return moves_; }

 private:
  struct Outcome {
    TimePoint due{};
    Event event{};
  };

  void act(const ReadClaims& what) { database_.send(what); }
  void act(const Claim& what) {
    ++moves_;
    database_.send(what);
  }
  void act(const Release& what) { database_.send(what); }
  void act(const Open& what) {
    using What = SlotEvent::What;
    const bool fails = what.revision <= fails_up_to_;
    const bool has_later = fails && fails_up_to_ != kAnyRevision;
    local_.push_back(
        {world_.after(5, 60), SlotEvent{.what = fails ? What::kOpenFailed : What::kOpened,
                                        .slot = what.slot,
                                        .revision = what.revision,
                                        .found = has_later ? fails_up_to_ : 0}});
  }
  void act(const Close& what) {
    ++moves_;
    local_.push_back({world_.after(1, 30), SlotEvent{.what = SlotEvent::What::kClosed,
                                                     .slot = what.slot,
                                                     .revision = what.revision}});
  }
  void act(const Announce& what) { said_ = what.said; }

  const World world_;
  const NodeId id_;
  SkewedClock clock_;
  TestBus::Member bus_;
  Beats beats_;
  Ownership ownership_;
  Beats::Said said_;
  DatabaseLink database_;
  std::vector<Outcome> local_;  // of its slots
  TimePoint next_{};
  bool is_paused_ = false;
  Revision fails_up_to_ = 0;
  std::size_t moves_ = 0;
};

// All nodes, and what must hold at every moment. Failures of that are collected as texts.
class TestCluster {
 public:
  static constexpr Millis kStep{20};

  // Whether two nodes may acknowledge for a slot at one moment, under different revisions: with
  // lost messages they may, because a node can hear itself while others do not hear it.
  enum class Overlap : std::uint8_t { kNever, kUnderOtherRevisions };
  TestCluster(std::uint64_t seed, std::size_t slots, Overlap overlap = Overlap::kNever)
      : slots_(slots), overlap_(overlap), dice_(seed), written_(slots) {
    bus_.seed(seed);
    must(claims_.join(slots));
  }
  TestCluster(const TestCluster&) = delete;
  TestCluster& operator=(const TestCluster&) = delete;

  TestNode& start(const std::string& name) {
    nodes_.push_back(std::make_unique<TestNode>(
        World{.clock = clock_, .bus = bus_, .claims = claims_, .dice = dice_},
        TestNode::Options{.name = name,
                          .slots = slots_,
                          .incarnation = static_cast<std::int64_t>(dice_.bits() >> 2U) + 1}));
    return *nodes_.back();
  }
  void kill(const TestNode& node) {
    std::erase_if(nodes_, [&](const auto& each) { return each.get() == &node; });
  }
  void run(Millis time) {
    for (const TimePoint end = clock_.now() + time; clock_.now() < end;) step();
  }
  void step() {
    clock_.pass(kStep);
    bus_.deliver();
    for (const auto& node : nodes_) node->database().advance();
    for (const auto& node : nodes_) node->run();
    check();
  }

  [[nodiscard]] std::vector<TestNode*> nodes() const {
    std::vector<TestNode*> all;
    all.reserve(nodes_.size());
    for (const auto& node : nodes_) all.push_back(node.get());
    return all;
  }
  [[nodiscard]] std::size_t slots() const { return slots_; }
  [[nodiscard]] bool is_served(Slot slot) const {
    return std::ranges::any_of(nodes_, [slot](const auto& node) {
      return !node->is_paused() && node->acknowledges(slot).has_value();
    });
  }
  [[nodiscard]] std::size_t count_of_served() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < slots_; ++i) {
      if (is_served(static_cast<Slot>(i))) ++count;
    }
    return count;
  }
  [[nodiscard]] std::size_t slots_of(const TestNode& node) const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < slots_; ++i) {
      if (node.acknowledges(static_cast<Slot>(i))) ++count;
    }
    return count;
  }
  // Every slot is served, and no node has two more than another.
  [[nodiscard]] bool is_fair() const {
    if (nodes_.empty() || count_of_served() != slots_) return false;
    std::size_t fewest = slots_;
    std::size_t most = 0;
    for (const auto& node : nodes_) {
      fewest = std::min(fewest, slots_of(*node));
      most = std::max(most, slots_of(*node));
    }
    return most <= fewest + 1;
  }
  // Claims and closes so far.
  [[nodiscard]] std::size_t count_of_moves() const {
    std::size_t count = 0;
    for (const auto& node : nodes_) count += node->count_of_moves();
    return count;
  }

  [[nodiscard]] TestClock& clock() { return clock_; }
  [[nodiscard]] TestBus& bus() { return bus_; }
  [[nodiscard]] MemoryClaims& claims() { return claims_; }
  [[nodiscard]] Dice& dice() { return dice_; }
  [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }

 private:
  void check() {
    first_.assign(slots_, {});
    for (const auto& node : nodes_) {
      if (!node->may_acknowledge()) continue;
      for (std::size_t i = 0; i < slots_; ++i) {
        const auto revision = node->ownership().serves(static_cast<Slot>(i));
        if (!revision) continue;
        check_owner(static_cast<Slot>(i), *node, *revision);
        const auto [other, before] = first_[i];
        if (other != nullptr && (overlap_ == Overlap::kNever || before == *revision)) {
          note_failure(fmt::format("{} and {} acknowledge for slot {} under revisions {} and {}",
                                   text_of(other->id()), text_of(node->id()), i, before,
                                   *revision));
        }
        first_[i] = {.node = node.get(), .revision = *revision};
      }
    }
  }
  // A revision has one owner for ever, and what it writes is refused once there is a later one.
  void check_owner(Slot slot, TestNode& node, Revision revision) {
    Written& written = written_.at(number_of(slot));
    if (revision == written.revision && node.id() != written.owner) {
      note_failure(fmt::format("{} and {} both have slot {} under revision {}",
                               text_of(written.owner), text_of(node.id()), number_of(slot),
                               revision));
    }
    if (node.is_paused() || node.database().is_cut() || !dice_.once_in(8)) return;
    const std::int64_t from = claims_.position(slot);
    const Status wrote = claims_.write(slot, revision, from, from + 1);
    if (!wrote) return node.note_fenced(slot, revision);
    if (revision < written.revision) {
      note_failure(fmt::format("{} wrote for slot {} under revision {} after {}",
                               text_of(node.id()), number_of(slot), revision, written.revision));
    }
    written = {.owner = node.id(), .revision = revision};
  }
  void note_failure(std::string text) {
    failures_.push_back(
        fmt::format("{} ms: {}", (clock_.now() - kTestStart).count(), std::move(text)));
  }

  struct Written {
    NodeId owner{};
    Revision revision = 0;
  };
  // The first node that acknowledges for a slot.
  struct First {
    const TestNode* node = nullptr;
    Revision revision = 0;
  };
  const std::size_t slots_;
  const Overlap overlap_;
  TestClock clock_;
  Dice dice_;
  TestBus bus_{clock_};
  MemoryClaims claims_;
  std::vector<std::unique_ptr<TestNode>> nodes_;
  std::vector<Written> written_;  // last, by slot
  std::vector<First> first_;      // by slot; of this step
  std::vector<std::string> failures_;
};

}  // namespace gridloom::cluster
