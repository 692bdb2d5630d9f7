#include "journal/local/local_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "journal/test_journal_suite.h"
#include "storage/files.h"
#include "testing/clock.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::journal {
namespace {

using testing::ElementsAre;

class Local {
 public:
  Local() { must(storage::make_data_folder(folder_.data())); }
  [[nodiscard]] static std::string missing() { return {}; }
  [[nodiscard]] std::unique_ptr<LocalJournal> journal(std::uint64_t known) const {
    return std::make_unique<LocalJournal>(
        LocalJournal::Options{.data = folder_.data(),
                              .clock = &clock_,
                              .limits = {.commit = Millis(0), .segment_bytes = 100},
                              .known = known});
  }

 private:
  TemporaryFolder folder_;
  TestClock clock_;
};
INSTANTIATE_TYPED_TEST_SUITE_P(OnDisk, JournalSuite, Local);

class LocalJournalTest : public testing::Test {
 protected:
  LocalJournalTest() { must(storage::make_data_folder(folder_.data())); }

  Status follow(const Positions& positions) {
    journal_ = std::make_unique<LocalJournal>(
        LocalJournal::Options{.data = folder_.data(),
                              .clock = &clock_,
                              .limits = {.commit = Millis(0), .segment_bytes = 100}});
    return journal_->from(positions, [](std::span<const Record>) {});
  }
  void append(std::string payload) {
    journal_->append(RecordKind::kAudit, std::move(payload), {});
    EXPECT_TRUE(journal_->flush());
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
  std::unique_ptr<LocalJournal> journal_;
};

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

TEST_F(LocalJournalTest, MakesNoLogWhereThePositionsDiffer) {
  Positions stored;
  stored.advance(Partition{5}, 3);
  EXPECT_FALSE(follow(stored));
  EXPECT_FALSE(std::filesystem::exists(folder_.data() / "log"));
}

TEST_F(LocalJournalTest, DoesNotReplaceANumberThatCannotBeRead) {
  std::filesystem::create_directories(folder_.data() / "log.seen");
  const Status followed = follow({});
  ASSERT_FALSE(followed);
  EXPECT_EQ(followed.error().code, ErrorCode::kIo);
  EXPECT_THAT(followed.error().detail, testing::HasSubstr("log.seen"));
}

}  // namespace
}  // namespace gridloom::journal
