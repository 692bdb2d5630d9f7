// Tests the queries alone, with a recorder of a journal and a store in memory.
#include "history/history_queries.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <future>
#include <latch>
#include <memory>
#include <span>
#include <utility>

#include "history/blocks/block.h"
#include "history/blocks/hours.h"
#include "history/recorder.h"
#include "history/sqlite/test_folder_stores.h"
#include "history/test_memory_journal.h"
#include "storage/files.h"
#include "testing/clock.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

constexpr std::int64_t kHour = 470'000;
constexpr std::int64_t kStart_ms = kHour * kHour_ms;

class HistoryQueriesTest : public testing::Test {
 protected:
  HistoryQueriesTest() {
    must(storage::make_data_folder(folder_.data()));
    recorder_ = must(Recorder::open({.data = folder_.data(), .stores = stores_, .clock = &clock_}));
    must(recorder_->follow(journal_));
    static_cast<void>(must(recorder_->recover()));
  }
  void open(const FairLimits& limits = {}) {
    queries_ = must(HistoryQueries::open({.stores = stores_,
                                          .limits = limits,
                                          .shared = recorder_->shared(),
                                          .queue = &recorder_->queue()}));
  }
  static int rows(Reader& reader) {
    int count = 0;
    must(reader.each_block(1, kHour - 10, kHour + 10, [&](std::int64_t, const Block& block) {
      return block.each_row([&](std::int64_t, std::span<const Sample>) { ++count; });
    }));
    return count;
  }

  TemporaryFolder folder_;
  std::shared_ptr<StoreFactory> stores_ = folder_store_factory();
  TestClock clock_{TimePoint(Millis(kStart_ms))};
  MemoryJournal journal_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<HistoryQueries> queries_;
};

TEST_F(HistoryQueriesTest, AQuerySeesWhatWasDurableWhenItBegan) {
  recorder_->start({});
  open();
  for (int i = 1; i <= 100; ++i) {
    journal_.report(1, kStart_ms + i, "a", "1");
    std::promise<int> seen;
    if (i % 2 == 0) {
      ASSERT_TRUE(queries_->read([&](Reader& reader) { seen.set_value(rows(reader)); }));
    } else {
      ASSERT_TRUE(queries_->read(Query{.account = 1, .step = [&](Reader& reader) {
                                         seen.set_value(rows(reader));
                                         return Progress::kDone;
                                       }}));
    }
    EXPECT_EQ(seen.get_future().get(), i);
  }
}

TEST_F(HistoryQueriesTest, DoNotWaitForABuilderThatDoesNotRun) {
  open();
  journal_.report(1, kStart_ms + 1, "a", "1");
  std::promise<int> seen;
  ASSERT_TRUE(queries_->read([&](Reader& reader) { seen.set_value(rows(reader)); }));
  EXPECT_EQ(seen.get_future().get(), 0);
}

TEST_F(HistoryQueriesTest, AnAccountHasItsShareOfReadsAndAdministrationAThreadOfItsOwn) {
  recorder_->start({});
  open({.entries = 2, .at_once = 1});
  std::latch begun(2);
  std::latch go_on(1);
  const auto query = [&](std::int64_t account, bool waits) {
    return queries_->read(Query{.account = account, .step = [&, waits](Reader&) {
                                  if (waits) begun.count_down();
                                  if (waits) go_on.wait();
                                  return Progress::kDone;
                                }});
  };
  ASSERT_TRUE(query(1, true));  // one per thread
  ASSERT_TRUE(query(2, true));
  begun.wait();
  EXPECT_TRUE(query(1, false));
  EXPECT_FALSE(query(1, false));
  EXPECT_TRUE(query(2, false));
  EXPECT_TRUE(query(3, false));
  EXPECT_TRUE(queries_->has_queries());
  std::promise<void> read;
  ASSERT_TRUE(queries_->read([&](Reader&) { read.set_value(); }));
  read.get_future().wait();
  go_on.count_down();
  queries_.reset();  // before the latches are destroyed
}

TEST_F(HistoryQueriesTest, NothingIsReadAfterAStop) {
  open();
  queries_->stop();
  EXPECT_FALSE(queries_->read([](Reader&) {}));
  EXPECT_FALSE(
      queries_->read(Query{.account = 1, .step = [](Reader&) { return Progress::kDone; }}));
  EXPECT_FALSE(queries_->has_queries());
}

}  // namespace
}  // namespace gridloom::history
