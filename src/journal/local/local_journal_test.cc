#include "journal/local/local_journal.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
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

TEST_F(LocalJournalTest, ReadsAgainWhatIsDurable) {
  must(follow({}));
  const std::string fills_a_segment(80, 'x');
  for (const char* text : {"a", "b"}) append(text);
  append(fills_a_segment);
  for (const char* text : {"c", "d"}) append(text);
  std::vector<std::uint64_t> numbers;
  const auto read = [&](std::uint64_t after, std::uint64_t through, std::size_t most = 100) {
    numbers.clear();
    return must(journal_->read(Positions::everywhere(after), Positions::everywhere(through),
                               [&](const Record& record) {
                                 numbers.push_back(record.sequence);
                                 return numbers.size() < most;
                               }));
  };
  std::uint64_t last = 1;
  std::vector<std::uint64_t> all;
  while (last < 5) {
    last = read(last, 5).least();
    ASSERT_THAT(numbers, testing::Not(IsEmpty()));
    std::ranges::copy(numbers, std::back_inserter(all));
  }
  EXPECT_THAT(all, ElementsAre(2, 3, 4, 5)) << "segment by segment";
  EXPECT_EQ(read(1, 2), Positions::everywhere(2));
  EXPECT_THAT(numbers, ElementsAre(2)) << "what follows may not be durable";
  EXPECT_EQ(read(0, 5, 1), Positions::everywhere(1));
  EXPECT_THAT(numbers, ElementsAre(1));
  EXPECT_EQ(read(5, 5), Positions::everywhere(5));
  EXPECT_THAT(numbers, IsEmpty());
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
