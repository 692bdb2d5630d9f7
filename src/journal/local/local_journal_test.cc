#include "journal/local/local_journal.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "storage/files.h"
#include "testing/clock.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::journal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LocalJournalTest : public testing::Test {
 protected:
  LocalJournalTest() { must(storage::make_data_folder(folder_.data())); }

  Status follow(const Positions& positions) {
    journal_ = std::make_unique<LocalJournal>(
        LocalJournal::Options{.data = folder_.data(),
                              .clock = &clock_,
                              .limits = {.commit = Millis(0), .segment_bytes = 100}});
    return journal_->from(positions, [this](std::span<const Record> records) {
      for (const Record& record : records)
        note(fmt::format("{} {}", record.sequence, record.payload));
    });
  }
  void append(std::string payload) {
    const std::string text = fmt::format("durable {}", payload);
    journal_->append(RecordKind::kAudit, std::move(payload), [this, text] { note(text); });
    EXPECT_TRUE(journal_->flush());
  }
  std::vector<std::string> take_seen() {
    const std::lock_guard lock(mutex_);
    return std::exchange(seen_, {});
  }
  [[nodiscard]] std::vector<std::string> segments() const {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(folder_.data() / "log")) {
      names.push_back(file.path().filename());
    }
    std::ranges::sort(names);
    return names;
  }

  TemporaryFolder folder_;
  TestClock clock_;

 private:
  void note(std::string text) {
    const std::lock_guard lock(mutex_);
    seen_.push_back(std::move(text));
  }

  std::mutex mutex_;
  std::vector<std::string> seen_;  // records and what is durable, in their order

 protected:
  std::unique_ptr<LocalJournal> journal_;  // its thread uses the other members
};

TEST_F(LocalJournalTest, HandsARecordOverBeforeItIsReportedAsDurable) {
  must(follow({}));
  append("a");
  append("b");
  EXPECT_THAT(take_seen(), ElementsAre("1 a", "durable a", "2 b", "durable b"));
}

TEST_F(LocalJournalTest, HandsOverWhatItHasBehindThePositions) {
  must(follow({}));
  for (const char* payload : {"a", "b", "c"}) append(payload);
  journal_.reset();
  static_cast<void>(take_seen());
  must(follow(Positions::everywhere(1)));
  EXPECT_THAT(take_seen(), ElementsAre("2 b", "3 c"));
  append("d");
  EXPECT_THAT(take_seen(), ElementsAre("4 d", "durable d"));
}

TEST_F(LocalJournalTest, KeepsWhatAnyPartitionNeeds) {
  must(follow({}));
  const std::string fills_a_segment(80, 'x');
  for (int i = 0; i < 3; ++i) append(fills_a_segment);
  Positions stored = Positions::everywhere(1);
  stored.advance(Partition{5}, 3);
  journal_->trim(stored);
  append("after the trim");
  EXPECT_THAT(segments(), ElementsAre("00000000000000000002.log", "00000000000000000003.log",
                                      "00000000000000000004.log"));
}

TEST_F(LocalJournalTest, RefusesToReadFromPositionsThatDiffer) {
  Positions stored;
  stored.advance(Partition{5}, 3);
  const Status followed = follow(stored);
  ASSERT_FALSE(followed);
  EXPECT_EQ(followed.error().code, ErrorCode::kConflict);
  EXPECT_THAT(take_seen(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(folder_.data() / "log"));
}

TEST_F(LocalJournalTest, DoesNotReplaceANumberThatCannotBeRead) {
  std::filesystem::create_directories(folder_.data() / "log.seen");
  const Status followed = follow({});
  ASSERT_FALSE(followed);
  EXPECT_EQ(followed.error().code, ErrorCode::kIo);
  EXPECT_THAT(followed.error().detail, testing::HasSubstr("log.seen"));
}

TEST_F(LocalJournalTest, GivesNoNumberAgainThatOthersKnow) {
  journal_ = std::make_unique<LocalJournal>(
      LocalJournal::Options{.data = folder_.data(), .clock = &clock_, .known = 40});
  must(journal_->from({}, [](std::span<const Record>) {}));
  EXPECT_EQ(journal_->append(RecordKind::kAudit, "a", {}), 41);
}

}  // namespace
}  // namespace gridloom::journal
