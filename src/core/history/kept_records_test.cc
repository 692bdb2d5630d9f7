#include "history/kept_records.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace gridloom::history {
namespace {

using journal::Positions;
using std::chrono::minutes;

class Journal final : public journal::JournalReader {
 public:
  Status from(const Positions& /*positions*/, OnRecords /*on_records*/) override { return {}; }
  Result<Positions> read(const Positions& after, const Positions& /*through*/,
                         const OnRecord& /*on_record*/) override {
    return after;
  }
  void trim(const Positions& positions) override { trimmed = positions.least(); }
  [[nodiscard]] bool is_short_of_room() const override { return is_short; }

  std::uint64_t trimmed = 0;
  bool is_short = false;
};

class KeptRecordsTest : public testing::Test {
 protected:
  // What the journal was trimmed up to, when so many minutes are over.
  std::uint64_t trim(KeptRecords& kept, std::uint64_t stored, int minute) {
    kept.trim(journal_, Positions::everywhere(stored), KeptRecords::Moment(minutes(minute)));
    return journal_.trimmed;
  }
  Journal journal_;
};

TEST_F(KeptRecordsTest, ForgetsAtOnceWhereNothingIsToBeKept) {
  KeptRecords kept(Millis(0));
  EXPECT_EQ(trim(kept, 7, 0), 7);
}

TEST_F(KeptRecordsTest, ForgetsWhatWasStoredSomeTimeAgo) {
  KeptRecords kept(minutes(10));
  EXPECT_EQ(trim(kept, 100, 0), 0);
  EXPECT_EQ(trim(kept, 200, 5), 0);
  EXPECT_EQ(trim(kept, 300, 10), 100);
  EXPECT_EQ(trim(kept, 300, 14), 100);
  EXPECT_EQ(trim(kept, 300, 15), 200);
}

TEST_F(KeptRecordsTest, ForgetsNothingWhileItIsPinned) {
  KeptRecords kept(Millis(0));
  kept.pin();
  kept.pin();
  kept.unpin();
  EXPECT_EQ(trim(kept, 5, 0), 0U);
  kept.unpin();
  EXPECT_EQ(trim(kept, 6, 0), 6U);
}

TEST_F(KeptRecordsTest, KeepsNothingWhileTheJournalIsShortOfRoom) {
  KeptRecords kept(minutes(10));
  EXPECT_EQ(trim(kept, 100, 0), 0);
  journal_.is_short = true;
  EXPECT_EQ(trim(kept, 200, 1), 200);
  journal_.is_short = false;
  EXPECT_EQ(trim(kept, 300, 2), 200);
  EXPECT_EQ(trim(kept, 400, 11), 200) << "what was stored at the beginning is forgotten already";
  EXPECT_EQ(trim(kept, 400, 12), 300);
}

}  // namespace
}  // namespace gridloom::history
