// Tests the recorder alone, with a journal and a store in memory: what it stores, what it lets the
// journal forget, and where it starts again. archive_test.cc has the same with log and store on
// disk.
#include "history/recorder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "history/blocks/chunk.h"
#include "history/blocks/hours.h"
#include "history/sqlite/test_folder_stores.h"
#include "history/test_memory_journal.h"
#include "journal/turn.h"
#include "storage/files.h"
#include "testing/clock.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

using journal::Positions;
using Lines = std::vector<std::string>;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr std::int64_t kHour = 470'000;
constexpr std::int64_t kStart_ms = kHour * kHour_ms;

class RecorderTest : public testing::Test {
 protected:
  RecorderTest() { must(storage::make_data_folder(folder_.data())); }

  Result<std::unique_ptr<Recorder>> open(const Positions& sessions) {
    return Recorder::open({.data = folder_.data(),
                           .stores = stores_,
                           .clock = &clock_,
                           .limits = limits_,
                           .on_session_changes =
                               [this](std::uint64_t sequence, std::string_view changes) {
                                 changes_.push_back(fmt::format("{} {}", sequence, changes));
                               },
                           .sessions_applied = sessions,
                           .on_superseded = [this](const Error&) { ++superseded_; }});
  }
  // A server's start: opens, reads the journal, and begins to store.
  void start(const Positions& sessions = {}) {
    recorder_ = must(open(sessions));
    must(recorder_->follow(journal_));
    recovered_ = must(recorder_->recover());
    recorder_->start({});
  }
  void stop() {
    recorder_->begin_stop();
    recorder_->stop();
    recorder_.reset();
    journal_.forget_reader();
  }
  void change_sessions(std::string_view changes) {
    journal_.append(journal::RecordKind::kTurn,
                    journal::make_turn({.batch = {}, .session_changes = changes}));
  }
  // What the store has, without a recorder.
  Positions stored() { return must(must(stores_->open()).store->applied()); }
  Lines rows(DeviceNumber device) {
    const auto store = must(stores_->open()).store;
    const FieldNames names(must(store->names()));
    Lines lines;
    must(store->each_chunk(device, 0, 2 * kHour, [&](std::int64_t, std::string_view chunk) {
      return each_row(chunk, [&](std::int64_t at_ms, std::span<const Sample> samples) {
        for (const Sample& sample : samples) {
          lines.push_back(fmt::format("{} {}={}", at_ms - kStart_ms, names.name_of(sample.field),
                                      text_of(sample.value)));
        }
      });
    }));
    return lines;
  }

  TemporaryFolder folder_;
  // Ends the wait of await(): each write of the store tells.
  Status on_write() {
    const std::lock_guard lock(mutex_);
    written_.notify_all();
    if (!why_superseded_.empty()) return fail(ErrorCode::kConflict, why_superseded_);
    return is_away_ ? fail(ErrorCode::kIo, "the database is away") : Status();
  }
  void set_away(bool is_away) {
    const std::lock_guard lock(mutex_);
    is_away_ = is_away;
  }
  // Waits until `is_so`, which is asked again after each write, and between them.
  void await(const std::function<bool()>& is_so) {
    std::unique_lock lock(mutex_);
    for (int tries = 0; tries < 1'200; ++tries) {
      lock.unlock();
      if (is_so()) return;
      lock.lock();
      written_.wait_for(lock, 50ms);
    }
    FAIL() << "it never was so";
  }
  void report_hour(int reports) {
    for (int i = 0; i < reports; ++i) {
      ++reported_;
      journal_.report(1, kStart_ms + reported_, "a", std::to_string(reported_));
    }
  }
  Lines reported_rows() const {
    Lines lines;
    for (int i = 1; i <= reported_; ++i) lines.push_back(fmt::format("{} a={}", i, i));
    return lines;
  }

  std::mutex mutex_;  // guards the next three
  std::condition_variable written_;
  bool is_away_ = false;
  std::string why_superseded_;
  int superseded_ = 0;
  int reported_ = 0;
  std::shared_ptr<StoreFactory> stores_ = folder_store_factory([this] { return on_write(); });
  TestClock clock_{TimePoint(Millis(kStart_ms))};
  RecorderLimits limits_{};
  MemoryJournal journal_;
  Lines changes_;  // of sessions, handed over
  std::vector<Recovered> recovered_;
  std::unique_ptr<Recorder> recorder_;
};

TEST_F(RecorderTest, StoresWhatComesAndLetsTheJournalForgetIt) {
  start();
  EXPECT_EQ(journal_.read_from(), Positions());
  journal_.report(1, kStart_ms + 1, "a", "1");
  journal_.report(2, kStart_ms + 2, "b", "2");
  journal_.append(journal::RecordKind::kAudit, R"({"what":"set"})");
  stop();
  EXPECT_EQ(stored(), Positions::everywhere(3));
  EXPECT_EQ(journal_.trimmed(), Positions::everywhere(3));
  EXPECT_THAT(rows(1), ElementsAre("1 a=1"));
  EXPECT_THAT(rows(2), ElementsAre("2 b=2"));
}

TEST_F(RecorderTest, StartsAgainBehindWhatIsStored) {
  start();
  journal_.report(1, kStart_ms + 1, "a", "1");
  journal_.report(1, kStart_ms + 2, "a", "2");
  stop();
  journal_.report(1, kStart_ms + 3, "a", "3");  // durable, and taken by nobody
  start(Positions::everywhere(2));
  EXPECT_EQ(journal_.read_from(), Positions::everywhere(2));
  ASSERT_EQ(recovered_.size(), 1);
  ASSERT_EQ(recovered_[0].values.size(), 1);
  EXPECT_EQ(recovered_[0].values[0].text, "3");
  journal_.report(1, kStart_ms + 4, "a", "4");
  stop();
  EXPECT_EQ(stored(), Positions::everywhere(4));
  EXPECT_THAT(rows(1), ElementsAre("1 a=1", "2 a=2", "3 a=3", "4 a=4"));
}

TEST_F(RecorderTest, TakesEachRecordOnceWhateverTheSessionsStillNeed) {
  start();
  change_sessions("x");
  journal_.report(1, kStart_ms + 1, "a", "1");
  stop();
  EXPECT_THAT(changes_, ElementsAre("1 x"));
  start();  // nothing of sessions is stored: the journal is read from its begin
  EXPECT_EQ(journal_.read_from(), Positions());
  EXPECT_THAT(changes_, ElementsAre("1 x", "1 x"));
  EXPECT_THAT(recovered_, IsEmpty());
  stop();
  EXPECT_THAT(rows(1), ElementsAre("1 a=1"));
}

TEST_F(RecorderTest, TheJournalKeepsWhatSessionsNeed) {
  start();
  journal_.report(1, kStart_ms + 1, "a", "1");
  change_sessions("x");
  change_sessions("y");
  journal_.report(1, kStart_ms + 2, "a", "2");
  recorder_->sessions_stored(Positions::everywhere(2));
  stop();
  EXPECT_EQ(stored(), Positions::everywhere(4));
  EXPECT_EQ(journal_.trimmed(), Positions::everywhere(2));
}

TEST_F(RecorderTest, AJournalThatIsShortOfRoomForgetsWhatSessionsHaveStoredAfterHistory) {
  start();
  change_sessions("x");
  journal_.report(1, kStart_ms + 1, "a", "1");
  clock_.pass(2h);  // the hour is over, so that it is stored
  await([this] { return journal_.trimmed().has_value(); });
  EXPECT_EQ(journal_.trimmed(), Positions());
  journal_.set_short_of_room();
  recorder_->sessions_stored(Positions::everywhere(1));
  await([this] { return journal_.trimmed() == Positions::everywhere(2); });
  stop();
}

TEST_F(RecorderTest, TheJournalKeepsOfAPartitionWhatSessionsNeedOfIt) {
  start();
  for (int i = 0; i < 5; ++i) change_sessions("x");
  journal_.report(1, kStart_ms + 1, "a", "1");
  Positions behind = Positions::everywhere(2);
  behind.advance(Partition{7}, 5);
  recorder_->sessions_stored(behind);
  stop();
  Positions expected = Positions::everywhere(2);
  expected.advance(Partition{7}, 6);  // all that sessions need of it is stored: history decides
  EXPECT_EQ(journal_.trimmed(), expected);
}

TEST_F(RecorderTest, RecordsWithoutSessionChangesHoldNothingForThem) {
  start();
  journal_.report(1, kStart_ms + 1, "a", "1");
  journal_.report(1, kStart_ms + 2, "a", "2");
  stop();
  EXPECT_EQ(journal_.trimmed(), Positions::everywhere(2)) << "sessions.db was never written";
}

TEST_F(RecorderTest, SessionChangesAreHandedOverBeforeTheirRecordCountsAsDurable) {
  start();
  change_sessions("x");
  EXPECT_THAT(changes_, ElementsAre("1 x"));
  change_sessions("");
  change_sessions("y");
  EXPECT_THAT(changes_, ElementsAre("1 x", "3 y"));
  stop();
  start(Positions::everywhere(1));
  EXPECT_THAT(changes_, ElementsAre("1 x", "3 y", "3 y")) << "those that sessions.db has not";
  stop();
}

TEST_F(RecorderTest, APinHoldsTheJournal) {
  start();
  journal_.report(1, kStart_ms + 1, "a", "1");
  auto pin = recorder_->pin();
  recorder_->begin_stop();
  recorder_->stop();
  EXPECT_EQ(journal_.trimmed(), std::nullopt);
  pin.reset();
  recorder_.reset();
  EXPECT_EQ(stored(), Positions::everywhere(1));
}

TEST_F(RecorderTest, ARecordThatIsNoBatchIsCountedAndLeftOut) {
  start();
  journal_.append(journal::RecordKind::kReports, "nonsense");
  journal_.report(1, kStart_ms + 1, "a", "1");
  recorder_->begin_stop();
  recorder_->stop();
  EXPECT_EQ(recorder_->health().malformed_records, 1);
  recorder_.reset();
  EXPECT_THAT(rows(1), ElementsAre("1 a=1"));
}

TEST_F(RecorderTest, WhatIsTooMuchForMemoryWaitsInTheJournalWhileTheStoreIsAway) {
  limits_.builder_bytes = 2'000;
  limits_.head_bytes = 1'000;
  start();
  set_away(true);
  report_hour(2'000);  // nobody waits for the store
  EXPECT_FALSE(recorder_->queue().behind());
  EXPECT_LT(recorder_->health().head_bytes, 8'000);
  EXPECT_EQ(recorder_->health().store_failing, "the database is away");
  set_away(false);
  // The last of a run of records are in heads; those before them were stored in chunks.
  await([&] { return !recorder_->queue().leaves() && stored().least() > 1'500; });
  report_hour(10);
  stop();
  EXPECT_EQ(stored(), Positions::everywhere(2'010));
  EXPECT_EQ(rows(1), reported_rows());
}

TEST_F(RecorderTest, WhatWasLeftInTheJournalIsThereAtTheNextStart) {
  limits_.builder_bytes = 2'000;
  limits_.head_bytes = 1'000;
  start();
  set_away(true);
  report_hour(2'000);
  stop();
  EXPECT_EQ(stored(), Positions());
  start();
  ASSERT_EQ(recovered_.size(), 1);
  EXPECT_EQ(recovered_[0].values.at(0).text, "2000");
  EXPECT_LT(recorder_->health().head_bytes, 8'000) << "memory is bounded at a start as well";
  report_hour(10);
  set_away(false);
  await([&] { return stored().least() > 1'500; });
  stop();
  start();
  stop();
  EXPECT_EQ(stored(), Positions::everywhere(2'010));
  EXPECT_EQ(rows(1), reported_rows());
}

TEST_F(RecorderTest, WhatTheJournalLostMeanwhileIsLeftOut) {
  limits_.builder_bytes = 2'000;
  limits_.head_bytes = 1'000;
  start();
  set_away(true);
  report_hour(2'000);
  journal_.lose(1'000);
  set_away(false);
  await([&] { return !recorder_->queue().left_through() && stored().least() > 900; });
  report_hour(10);
  stop();
  EXPECT_EQ(stored(), Positions::everywhere(2'010));
  EXPECT_THAT(rows(1), testing::Contains("2010 a=2010"));
}

TEST_F(RecorderTest, AStoreThatLostWhatItHadIsToldOnceAndTheJournalHasIt) {
  why_superseded_ = "the database lost changes in a failover";
  start();
  journal_.report(1, kStart_ms + 1, "a", "1");
  stop();
  EXPECT_EQ(superseded_, 1);
  EXPECT_EQ(journal_.trimmed(), std::nullopt);
  why_superseded_.clear();
  start();
  stop();
  EXPECT_EQ(superseded_, 1);
  EXPECT_THAT(rows(1), ElementsAre("1 a=1"));
}

TEST_F(RecorderTest, PositionsOfSessionsThatDifferAreRefused) {
  Positions sessions;
  sessions.advance(Partition{3}, 1);
  const auto opened = open(sessions);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kConflict);
}

}  // namespace
}  // namespace gridloom::history
