// A slot's log on three servers, while they are killed, paused and begun again.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "jetstream/slot_log.h"
#include "jetstream/test_slot.h"
#include "nats/test_server.h"
#include "testing/becomes.h"
#include "testing/must.h"

namespace gridloom::journal {
namespace {

// Appends as fast as the log takes it.
class Load {
 public:
  explicit Load(TestOwner& owner) : owner_(owner), thread_([this] { work(); }) {}
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load() { stop(); }

  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] const std::vector<std::string>& appended() const { return appended_; }

 private:
  void work() {
    while (!stopping_ && !owner_.log().is_fenced()) {
      for (int i = 0; i < 20; ++i) {
        appended_.push_back(std::to_string(appended_.size() + 1));
        owner_.append(appended_.back());
      }
      // One message is under way at a time: about as much as the log takes.
      static_cast<void>(owner_.log().flush());
    }
  }

  TestOwner& owner_;
  std::atomic<bool> stopping_ = false;
  std::vector<std::string> appended_;
  std::jthread thread_;
};

// Each test has servers of its own: NATS 2.9.10 now and then leaves a replica behind that was away,
// for good, and calls it current; if another one goes then, the stream stops or loses records.
class ThreeServers : public testing::Test {
 protected:
  void SetUp() override {
    if (nats::TestServers::program().empty()) GTEST_SKIP() << nats::TestServers::kMissing;
    servers_.emplace(nats::TestServers::Options{.count = 3});
  }
  [[nodiscard]] nats::TestServers& servers() { return *servers_; }

  [[nodiscard]] std::unique_ptr<TestOwner> owner(std::uint32_t slot, std::uint64_t revision) {
    return std::make_unique<TestOwner>(servers().settings(),
                                       SlotLog::Options{.slot = slot,
                                                        .revision = revision,
                                                        .max_bytes = std::int64_t{64} * 1024 * 1024,
                                                        .limits = {.retry = Millis(50)}});
  }
  // Waits until so many more records are acknowledged than now.
  [[nodiscard]] static bool goes_on(const TestOwner& owner) {
    const std::size_t before = owner.acknowledged_count();
    return becomes([&] { return owner.acknowledged_count() > before + 100; });
  }
  [[nodiscard]] std::size_t leader() { return servers().leader_of(SlotLog::stream_name(1)); }
  [[nodiscard]] std::string state() {
    std::string all;
    for (std::size_t i = 0; i < 3; ++i) all += "\n" + servers().streams(i);
    return all;
  }

 private:
  std::optional<nats::TestServers> servers_;
};

struct Away {
  std::string_view name;
  std::size_t from_leader;  // 0: the stream's leader
  void (*go)(nats::TestServers&, std::size_t server);
  void (*come_back)(nats::TestServers&, std::size_t server);
};
void PrintTo(const Away& away, std::ostream* out) { *out << away.name; }

class ThreeServersOne : public ThreeServers, public testing::WithParamInterface<Away> {};

TEST_P(ThreeServersOne, IsAwayAndEveryAcknowledgedRecordIsKeptOnceAndInOrder) {
  const auto first = owner(1, 1);
  must(first->open());
  Load load(*first);
  ASSERT_TRUE(goes_on(*first));

  const std::size_t away = (leader() + GetParam().from_leader) % 3;
  GetParam().go(servers(), away);
  EXPECT_TRUE(goes_on(*first)) << "one is away" << first->log().failing() << state();
  GetParam().come_back(servers(), away);
  EXPECT_TRUE(goes_on(*first)) << "it is back" << first->log().failing() << state();

  load.stop();
  ASSERT_TRUE(becomes([&] { return first->log().flush(); })) << first->log().failing() << state();
  first->close();
  EXPECT_EQ(first->acknowledged(), load.appended());
  std::vector<std::string> expected;
  expected.reserve(load.appended().size());
  for (const std::string& each : load.appended()) expected.push_back(each + " " + each);
  EXPECT_EQ(first->records(), expected);
  const auto second = owner(1, 2);
  must(second->open());
  EXPECT_EQ(second->records(), expected) << "as the next owner reads them";
}

INSTANTIATE_TEST_SUITE_P(
    ThreeServers, ThreeServersOne,
    testing::Values(
        Away{"KilledLeader", 0, [](nats::TestServers& all, std::size_t i) { all.kill(i); },
             [](nats::TestServers& all, std::size_t i) { all.restart(i); }},
        Away{"PausedLeader", 0, [](nats::TestServers& all, std::size_t i) { all.pause(i); },
             [](nats::TestServers& all, std::size_t i) { all.resume(i); }},
        Away{"StoppedFollower", 1, [](nats::TestServers& all, std::size_t i) { all.stop(i); },
             [](nats::TestServers& all, std::size_t i) { all.restart(i); }},
        Away{"StoppedLeader", 0, [](nats::TestServers& all, std::size_t i) { all.stop(i); },
             [](nats::TestServers& all, std::size_t i) { all.restart(i); }}),
    [](const auto& each) { return std::string(each.param.name); });

TEST_F(ThreeServers, GiveTheLogToTheNextOwnerUnderLoad) {
  auto before = owner(2, 1);
  must(before->open());
  for (std::uint64_t revision = 2; revision < 5; ++revision) {
    Load load(*before);
    ASSERT_TRUE(goes_on(*before));
    auto next = owner(2, revision);
    must(next->open());
    ASSERT_TRUE(becomes([&] { return before->log().is_fenced(); }));
    load.stop();
    const std::vector<std::string> records = next->records();
    std::size_t found = 0;
    for (const std::string& each : before->acknowledged()) {
      while (found < records.size() && !records[found].ends_with(" " + each)) ++found;
      ASSERT_LT(found, records.size()) << each << " was acknowledged";
    }
    before = std::move(next);
  }
}

TEST_F(ThreeServers, HaveOneWinnerOfEachRace) {
  race_for_a_slot(100, [this](std::uint64_t revision) { return owner(3, revision); });
}

}  // namespace
}  // namespace gridloom::journal
