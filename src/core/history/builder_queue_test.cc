#include "history/builder_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;
using State = BuilderQueue::State;

class BuilderQueueTest : public testing::Test {
 protected:
  void add(std::string payload, journal::RecordKind kind = journal::RecordKind::kReports) {
    const journal::Record record{.sequence = ++sequence_, .kind = kind, .payload = payload};
    queue_.add(std::span(&record, 1),
               [this](const journal::Record& audit) { audits_.push_back(audit.sequence); });
  }
  // The numbers of the records that the builder takes now.
  std::vector<std::uint64_t> take(bool is_full = false, bool store_fails = false) {
    work_ = queue_.take({.most = 0ms, .is_full = is_full, .store_fails = store_fails});
    std::vector<std::uint64_t> numbers;
    for (const BuilderQueue::Item& item : work_.items) numbers.push_back(item.sequence);
    return numbers;
  }
  void release() {
    for (BuilderQueue::Item& item : work_.items) queue_.release(item);
    queue_.count_taken(work_.items.size());
  }

  using Numbers = std::vector<std::uint64_t>;
  BuilderQueue queue_{100};
  std::uint64_t sequence_ = 0;
  Numbers audits_;
  BuilderQueue::Work work_;
};

TEST_F(BuilderQueueTest, ARecordCountsUntilItIsReleased) {
  add(std::string(60, 'x'));
  EXPECT_EQ(queue_.bytes(), 60);
  EXPECT_TRUE(queue_.behind());
  EXPECT_EQ(take(), Numbers{1});
  EXPECT_EQ(queue_.bytes(), 60) << "it is in no head yet";
  release();
  EXPECT_EQ(queue_.bytes(), 0);
  EXPECT_FALSE(queue_.behind());
  EXPECT_EQ(take(), Numbers{});
}

TEST_F(BuilderQueueTest, AnAuditRecordIsGivenAwayAndTakesNoRoom) {
  add("entry", journal::RecordKind::kAudit);
  EXPECT_EQ(audits_, Numbers{1});
  EXPECT_EQ(queue_.bytes(), 0);
  EXPECT_EQ(take(), Numbers{1});
  EXPECT_TRUE(work_.items.front().payload.empty());
}

TEST_F(BuilderQueueTest, WhoAddsWaitsForRoom) {
  add(std::string(100, 'x'));
  std::atomic<bool> added = false;
  std::jthread journal([&] {
    add("more");
    added = true;
  });
  EXPECT_EQ(take(), Numbers{1});
  EXPECT_FALSE(added);
  release();
  journal.join();
  EXPECT_EQ(take(), Numbers{2});
}

TEST_F(BuilderQueueTest, TheLastRecordsAreAddedWithoutRoomAndNoneAfterThat) {
  add(std::string(100, 'x'));
  queue_.enter(State::kFlushing);
  add("one of the last");
  EXPECT_EQ(take(true), Numbers{}) << "a full builder takes none";
  EXPECT_FALSE(work_.ends);
  queue_.enter(State::kEnding);
  EXPECT_EQ(take(true), (Numbers{1, 2})) << "but at the end";
  EXPECT_TRUE(work_.ends);
  queue_.enter(State::kStopped);
  add("left to the next start");
  EXPECT_EQ(take(), Numbers{});
}

TEST_F(BuilderQueueTest, RecordsAreLeftInTheJournalWhileTheStoreFails) {
  constexpr bool kFails = true;
  add(std::string(60, 'x'));
  EXPECT_EQ(take(true), Numbers{});
  EXPECT_TRUE(queue_.behind()) << "a builder that is slow makes writers wait";
  EXPECT_EQ(take(true, kFails), Numbers{});
  EXPECT_FALSE(queue_.behind());
  add(std::string(60, 'x'));
  add("entry", journal::RecordKind::kAudit);
  add(std::string(60, 'x'));
  EXPECT_EQ(audits_, Numbers{3}) << "it can be read meanwhile";
  EXPECT_EQ(queue_.bytes(), 60);
  EXPECT_EQ(queue_.left_through(), std::nullopt) << "the first is not taken yet";
  queue_.begin();
  EXPECT_TRUE(queue_.wait_until_taken(4, 0ms)) << "readers do not wait for what was left";
  EXPECT_EQ(take(), Numbers{1});
  release();
  EXPECT_EQ(queue_.left_through(), 4);
  queue_.take_left(3);
  add("left too");
  EXPECT_EQ(queue_.left_through(), 5);
  queue_.take_left(5);
  EXPECT_EQ(queue_.left_through(), std::nullopt);
  add("added again");
  EXPECT_EQ(take(), Numbers{6});
}

TEST_F(BuilderQueueTest, WhatIsLeftBecomesLessOnceTheStoreWorksAgain) {
  add(std::string(100, 'x'));
  EXPECT_EQ(take(true, true), Numbers{});
  constexpr int kMost = LeftRecords::kMostCredit;
  const auto add_many = [&](int count) {
    for (int i = 0; i < count; ++i) add("left");
  };
  add_many(2 * kMost);
  EXPECT_FALSE(queue_.behind()) << "nobody waits for a store that fails";
  EXPECT_EQ(take(), Numbers{1});
  release();
  queue_.take_left(11);
  add_many(kMost - 1);
  EXPECT_FALSE(queue_.behind());
  add("left");
  EXPECT_TRUE(queue_.behind()) << "the builder would never have all";
  queue_.take_left(21);
  EXPECT_FALSE(queue_.behind());
  add_many(4);
  EXPECT_FALSE(queue_.behind()) << "one for every two that were read";
  add("left");
  EXPECT_TRUE(queue_.behind());
  EXPECT_EQ(take(true, true), Numbers{});
  EXPECT_FALSE(queue_.behind()) << "it fails again";
  queue_.take_left(sequence_);
  EXPECT_FALSE(queue_.leaves());
  EXPECT_FALSE(queue_.behind());
}

TEST_F(BuilderQueueTest, WhoWaitsForRoomLeavesTheRecordWhenTheStoreFails) {
  add(std::string(100, 'x'));
  std::jthread journal([&] { add("more"); });
  EXPECT_EQ(take(true, true), Numbers{});
  journal.join();
  EXPECT_EQ(take(), Numbers{1});
  EXPECT_EQ(queue_.left_through(), 2);
}

TEST_F(BuilderQueueTest, RemovedDevicesAreTakenByAFullBuilderToo) {
  add("x");
  queue_.purge(7);
  queue_.purge(8);
  EXPECT_EQ(take(true), Numbers{});
  EXPECT_EQ(work_.purged, (std::vector<DeviceNumber>{7, 8}));
  EXPECT_EQ(take(), Numbers{1});
  EXPECT_TRUE(work_.purged.empty());
}

TEST_F(BuilderQueueTest, AReaderWaitsForABuilderThatRunsAndIsNotStalled) {
  add("a");
  EXPECT_EQ(queue_.added(), 1);
  EXPECT_TRUE(queue_.wait_until_taken(1, 0ms)) << "no builder runs";
  queue_.begin();
  EXPECT_FALSE(queue_.wait_until_taken(1, 0ms));
  EXPECT_EQ(take(), Numbers{1});
  EXPECT_FALSE(queue_.wait_until_taken(1, 0ms)) << "it is in no head yet";
  release();
  EXPECT_TRUE(queue_.wait_until_taken(1, 0ms));
  EXPECT_FALSE(queue_.wait_until_taken(2, 0ms));
  EXPECT_EQ(take(true), Numbers{});
  EXPECT_FALSE(queue_.wait_until_taken(2, 0ms)) << "the store makes room";
  EXPECT_EQ(take(true, true), Numbers{});
  EXPECT_TRUE(queue_.wait_until_taken(2, 0ms)) << "the builder is stalled";
  EXPECT_EQ(take(), Numbers{});
  EXPECT_FALSE(queue_.wait_until_taken(2, 0ms));
  queue_.enter(State::kFlushing);
  EXPECT_TRUE(queue_.wait_until_taken(2, 0ms)) << "the server ends";
}

}  // namespace
}  // namespace gridloom::history
