// Histories of a slot at random: two nodes with a copy each own it in turn. They are stopped,
// killed and given up, lose their power, cannot reach the stream or cannot write to their disk, and
// the stream loses what it had in memory only.
//
// Whatever happens, an owner is handed each record once, in order. It gets all that was
// acknowledged if the stream has it, or if the owner before was the same node. What was neither
// acknowledged nor in the log when it was opened never comes back.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "jetstream/test_copy.h"
#include "jetstream/test_slot.h"
#include "nats/test_forwarder.h"
#include "nats/test_server.h"
#include "testing/becomes.h"
#include "testing/long_runs.h"
#include "testing/must.h"

namespace gridloom::journal {
namespace {

class SlotHistory {
 public:
  SlotHistory(const nats::TestServers& servers, std::uint32_t slot, std::uint64_t seed)
      : slot_(slot),
        chance_(seed),
        way_(servers.port(0)),
        connection_(must(nats::Connection::open(servers.settings(), {}))),
        copies_{TestCopy(2 * seed), TestCopy(2 * seed + 1)} {}

  void run(int openings) {
    for (int i = 0; i < openings; ++i) {
      open();
      if (testing::Test::HasFailure()) return;
      append_some();
      end();
      if (below(3) == 0) lose();
    }
    open();
    end_in_order();
  }

 private:
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return chance_.bits(++draws_) % bound; }

  void open() {
    const std::size_t node = below(2);
    if (std::exchange(is_off_[node], false) || below(3) == 0) copies_[node].disk().power_on();
    copies_[node].disk().restart();
    const bool is_same = node == node_;
    node_ = node;
    owner_ = std::make_unique<TestOwner>(
        way_.settings(), SlotLog::Options{.slot = slot_,
                                          .revision = ++revision_,
                                          .node = fmt::format("n{}", node),
                                          .replicas = 1,
                                          .max_bytes = std::int64_t{16} * 1024 * 1024,
                                          .limits = {.wait = Millis(150), .retry = Millis(10)},
                                          .copy = copies_[node].options()});
    must(owner_->open());
    check(is_same || !is_short_);
    is_short_ = false;
  }

  void check(bool is_whole) {
    std::vector<std::string> found;
    std::uint64_t last = 0;
    for (const std::string& each : owner_->records()) {
      const std::size_t space = each.find(' ');
      const std::uint64_t number = std::stoull(each.substr(0, space));
      EXPECT_GT(number, last) << each;
      last = number;
      found.push_back(each.substr(space + 1));
    }
    const std::set<std::string> all(found.begin(), found.end());
    EXPECT_EQ(all.size(), found.size()) << "a record twice";
    for (const std::string& each : all) EXPECT_FALSE(gone_.contains(each)) << each;
    if (is_whole) {
      for (const std::string& each : acknowledged_) EXPECT_TRUE(all.contains(each)) << each;
    }
    for (const std::string& each : appended_) {
      if (!all.contains(each) && !counted_.contains(each)) gone_.insert(each);
    }
    acknowledged_ = all;
    counted_.insert(all.begin(), all.end());
  }

  void append(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      appended_.push_back(std::to_string(appended_.size() + 1));
      owner_->append(appended_.back());
      if (below(2) == 0) static_cast<void>(owner_->log().flush());
    }
  }
  void append_some() {
    append(1 + below(6));
    // It goes on by itself where NATS was late.
    EXPECT_TRUE(becomes([&] { return owner_->log().flush(); })) << owner_->log().failing();
  }

  void end() {
    switch (below(4)) {
      case 0:
        return end_in_order();
      case 1:  // the last records reach the disk only
        way_.hold(nats::TestForwarder::Held::kAll);
        append(1 + below(3));
        EXPECT_FALSE(owner_->log().flush());
        return give_up();
      case 2:  // the last records reach the stream only
        is_off_[node_] = below(2) == 0;
        copies_[node_].disk().break_down(is_off_[node_] ? TestDisk::Kind::kPowerOff
                                                        : TestDisk::Kind::kNoSpace);
        append(1 + below(3));
        EXPECT_FALSE(owner_->log().flush());
        return give_up();
      default:
        append(below(4));
        return give_up();
    }
  }
  void end_in_order() {
    owner_->close();
    take_acknowledged();
  }
  void give_up() {
    owner_->log().abandon();
    owner_->close();
    way_.hold(nats::TestForwarder::Held::kNothing);
    must(owner_->connection().flush(Millis(5'000)));  // what was held back has arrived
    take_acknowledged();
  }
  void take_acknowledged() {
    for (const std::string& each : owner_->acknowledged()) {
      acknowledged_.insert(each);
      counted_.insert(each);
    }
    owner_.reset();
  }

  void lose() {
    nats::JetStream jet_stream = must(nats::JetStream::open(*connection_, {}));
    const auto last = must(jet_stream.last_message(
        {.name = SlotLog::stream_name(slot_), .subject = SlotLog::subject(slot_)}));
    lose_behind(*connection_, slot_, below(last.sequence + 1));
    is_short_ = true;
  }

  const std::uint32_t slot_;
  Chance chance_;
  std::uint64_t draws_ = 0;
  nats::TestForwarder way_;
  std::unique_ptr<nats::Connection> connection_;
  std::array<TestCopy, 2> copies_;
  std::array<bool, 2> is_off_{};
  std::uint64_t revision_ = 0;
  std::size_t node_ = 0;
  bool is_short_ = false;  // the stream has lost messages since it was opened last
  std::vector<std::string> appended_;
  std::set<std::string> acknowledged_;  // and handed to an owner, and not lost since
  std::set<std::string> counted_;       // the same, of all times
  std::set<std::string> gone_;          // the others that an owner was not handed
  std::unique_ptr<TestOwner> owner_;
};

TEST(SlotCopyHistories, LoseNothingThatOneOfBothHas) {
  if (nats::TestServers::program().empty()) GTEST_SKIP() << nats::TestServers::kMissing;
  nats::TestServers servers;
  const std::uint64_t seeds = runs_long() ? 50 : 8;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SlotHistory(servers, static_cast<std::uint32_t>(seed), seed).run(6);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace gridloom::journal
