// Tests retention in a running recorder: the removal and rollup of old data, and the purge of
// deleted devices. The journal is in memory.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "history/blocks/hours.h"
#include "history/blocks/rollup.h"
#include "history/builder_queue.h"
#include "history/history_queries.h"
#include "history/recorder.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "history/test_memory_journal.h"
#include "storage/files.h"
#include "testing/clock.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kFirst = 470'000;  // the hour of the first report

TimePoint at_hour(std::int64_t hour) { return TimePoint(Millis(hour * kHour_ms)); }

class RecorderRetentionTest : public testing::Test {
 protected:
  RecorderRetentionTest() {
    must(storage::make_data_folder(folder_.data()));
    open();
  }
  void open() {
    stores_ = sqlite_store_factory(folder_.data());
    recorder_ = must(Recorder::open({.data = folder_.data(),
                                     .stores = stores_,
                                     .clock = &clock_,
                                     .limits = {.keep = {.raw_days = 1}},
                                     .clock_is_driven = true}));
    must(recorder_->follow(journal_));
    static_cast<void>(must(recorder_->recover()));
    queries_ = must(HistoryQueries::open(
        {.stores = stores_, .shared = recorder_->shared(), .queue = &recorder_->queue()}));
  }
  // Stores everything, and ends.
  void close() {
    queries_.reset();
    recorder_->begin_stop();
    recorder_.reset();
    journal_.forget_reader();
  }
  void report(DeviceNumber device) { journal_.report(device, unix_ms(clock_.now()), "a", "1"); }
  // The number of the device's hours stored as blocks, and as rollups.
  std::pair<int, int> seen(DeviceNumber device) {
    std::promise<std::pair<int, int>> promise;
    EXPECT_TRUE(queries_->read([&](Reader& reader) {
      std::pair<int, int> counts{0, 0};
      must(reader.each_block(device, 0, 2 * kFirst, [&](std::int64_t, const Block&) {
        ++counts.first;
        return Status();
      }));
      must(reader.each_rollup(device, 0, 2 * kFirst, [&](std::int64_t, const HourOfRollups&) {
        ++counts.second;
        return Status();
      }));
      promise.set_value(counts);
    }));
    return promise.get_future().get();
  }
  // Polls, because nothing signals when the recorder's thread is done.
  bool becomes(DeviceNumber device, std::pair<int, int> wanted) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      if (seen(device) == wanted) return true;
    }
    return false;
  }

  TemporaryFolder folder_;
  std::shared_ptr<StoreFactory> stores_;
  TestClock clock_{at_hour(kFirst)};
  MemoryJournal journal_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<HistoryQueries> queries_;
};

TEST_F(RecorderRetentionTest, OldBlocksBecomeRollupsWhileTheRecorderRuns) {
  recorder_->start({});
  report(1);
  report(2);
  EXPECT_TRUE(becomes(2, {1, 0}));
  clock_.set(at_hour(kFirst + 100));
  report(2);
  EXPECT_TRUE(becomes(1, {0, 1}));
  EXPECT_TRUE(becomes(2, {1, 1}));
}

TEST_F(RecorderRetentionTest, ARemovedDeviceIsForgottenAtOnceAndStaysSo) {
  recorder_->start({});
  for (const DeviceNumber device : {1, 2}) report(device);
  EXPECT_TRUE(becomes(1, {1, 0}));
  recorder_->purge(1);
  EXPECT_TRUE(becomes(1, {0, 0}));
  report(1);
  report(2);
  // A report that is taken after its hour was stored would be in a chunk of its own.
  BuilderQueue& queue = recorder_->queue();
  EXPECT_TRUE(queue.wait_until_taken(queue.added(), 20s));
  clock_.set(at_hour(kFirst + 2));
  EXPECT_TRUE(becomes(2, {1, 0}));
  close();
  open();
  EXPECT_EQ(seen(1), (std::pair{0, 0})) << "what the journal still had was in no block";
}

TEST_F(RecorderRetentionTest, OnlyDevicesPurgedAtTheStartAreRemoved) {
  recorder_->start({});
  for (const DeviceNumber device : {1, 2, 3}) report(device);
  close();
  open();
  recorder_->start({});
  report(4);
  EXPECT_TRUE(becomes(4, {1, 0}));
  close();
  open();
  EXPECT_EQ(must(recorder_->devices()), (std::vector<DeviceNumber>{1, 2, 3, 4}));
  recorder_->set_unknown({3, 4});
  EXPECT_EQ(recorder_->health().unknown_devices, 2);
  recorder_->purge(2);
  recorder_->purge(4);
  EXPECT_EQ(recorder_->health().unknown_devices, 1);
  recorder_->start({});
  EXPECT_TRUE(becomes(2, {0, 0}));
  EXPECT_TRUE(becomes(4, {0, 0}));
  EXPECT_EQ(seen(1), (std::pair{1, 0}));
  EXPECT_EQ(seen(3), (std::pair{1, 0}));
}

}  // namespace
}  // namespace gridloom::history
