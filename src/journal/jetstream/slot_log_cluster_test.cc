// A slot's log on three servers, while they are killed, paused and begun again.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "journal/jetstream/slot_log.h"
#include "journal/jetstream/test_slot.h"
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

class ThreeServers : public testing::Test {
 protected:
  static std::optional<nats::TestServers>& servers() {
    static std::optional<nats::TestServers> all;
    return all;
  }
  static void SetUpTestSuite() {
    if (!nats::TestServers::program().empty())
      servers().emplace(nats::TestServers::Options{.count = 3});
  }
  static void TearDownTestSuite() { servers().reset(); }
  void SetUp() override {
    if (!servers()) GTEST_SKIP() << nats::TestServers::kMissing;
  }

  [[nodiscard]] static std::unique_ptr<TestOwner> owner(std::uint32_t slot,
                                                        std::uint64_t revision) {
    return std::make_unique<TestOwner>(servers()->settings(),
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
  [[nodiscard]] static std::size_t leader() {
    return servers()->leader_of(SlotLog::stream_name(1));
  }
  [[nodiscard]] static std::string state() {
    std::string all;
    for (std::size_t i = 0; i < 3; ++i) all += "\n" + servers()->streams(i);
    return all;
  }
  [[nodiscard]] static std::size_t another(std::size_t server) { return (server + 1) % 3; }
};

TEST_F(ThreeServers, KeepEveryAcknowledgedRecordOnceAndInOrder) {
  const auto first = owner(1, 1);
  must(first->open());
  Load load(*first);
  ASSERT_TRUE(goes_on(*first));

  const std::size_t killed = leader();
  servers()->kill(killed);
  EXPECT_TRUE(goes_on(*first)) << "the leader was killed" << first->log().failing() << state();
  servers()->restart(killed);
  servers()->await_replicas(SlotLog::stream_name(1));

  const std::size_t paused = servers()->leader_of(SlotLog::stream_name(1), another(killed));
  servers()->pause(paused);
  EXPECT_TRUE(goes_on(*first)) << "the leader stood still";
  servers()->resume(paused);
  servers()->await_replicas(SlotLog::stream_name(1));
  EXPECT_TRUE(goes_on(*first)) << "it goes on, and is not the leader any more";

  const std::size_t stopped = another(paused);
  servers()->stop(stopped);
  EXPECT_TRUE(goes_on(*first)) << "a server was stopped in order" << state();
  servers()->restart(stopped);
  EXPECT_TRUE(goes_on(*first));

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
  race_for_a_slot(100, [](std::uint64_t revision) { return owner(3, revision); });
}

}  // namespace
}  // namespace gridloom::journal
