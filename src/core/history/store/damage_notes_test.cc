// Tests that notes survive restarts until they are accepted, and that their number is limited.
#include "history/store/damage_notes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "storage/files.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

constexpr TimePoint kNow{Millis(1'700'000'000'000)};
using Lines = std::vector<std::string>;

class DamageNotesTest : public testing::Test {
 protected:
  DamageNotesTest() { must(storage::make_data_folder(folder_.data())); }
  TemporaryFolder folder_;
};

TEST_F(DamageNotesTest, StayUntilTheyAreAccepted) {
  const Lines expected = {"2023-11-14T22:13:20Z records 3 to 5 are missing",
                          "2023-11-14T22:13:20Z history.db is damaged"};
  {
    DamageNotes notes(folder_.data());
    EXPECT_EQ(notes.count(), 0);
    notes.note(kNow, "records 3 to 5 are missing");
    notes.note(kNow, "history.db is damaged");
    notes.note(kNow + Millis(5000), "records 3 to 5 are missing");
    EXPECT_EQ(notes.all(), expected);
  }
  DamageNotes again(folder_.data());
  EXPECT_EQ(again.all(), expected);
  again.note(kNow + Millis(5000), "history.db is damaged");
  EXPECT_EQ(again.all(), expected);
  must(again.accept());
  EXPECT_EQ(again.all(), Lines{});
  EXPECT_EQ(DamageNotes(folder_.data()).all(), Lines{});
  again.note(kNow, "history.db is damaged");
  EXPECT_EQ(again.count(), 1) << "it was found anew";
}

TEST_F(DamageNotesTest, OfAClusterMoveToWhereTheyAreShared) {
  DamageNotes notes(folder_.data());
  notes.note(kNow, "page 7 is damaged");
  const Lines moved = notes.own();
  notes.note(kNow + Millis(2000), "page 8 is damaged");
  notes.remove_shared(moved);
  notes.show_shared({"2023-11-14T22:13:20Z n1: page 7 is damaged",
                     "2023-11-14T22:13:23Z slot 5: DEV-1 lacks all"});
  EXPECT_EQ(notes.all(), (Lines{"2023-11-14T22:13:20Z n1: page 7 is damaged",
                                "2023-11-14T22:13:22Z page 8 is damaged",
                                "2023-11-14T22:13:23Z slot 5: DEV-1 lacks all"}));
  EXPECT_EQ(DamageNotes(folder_.data()).own(), (Lines{"2023-11-14T22:13:22Z page 8 is damaged"}));
  notes.note(kNow + Millis(4000), "page 7 is damaged");
  EXPECT_EQ(notes.count(), 3) << "it is known";
  bool is_there = true;
  notes.on_accept([&]() -> Status {
    return is_there ? Status() : fail(ErrorCode::kIo, "the database is away");
  });
  is_there = false;
  EXPECT_FALSE(notes.accept());
  EXPECT_EQ(notes.count(), 3);
  is_there = true;
  must(notes.accept());
  EXPECT_EQ(notes.all(), Lines{});
}

// A later start knows a report behind the loss.
TEST_F(DamageNotesTest, OfOneLossIsOneNote) {
  DamageNotes notes(folder_.data());
  notes.note(kNow, "records 1 to 2 are lost");
  notes.note(kNow,
             "device 1 lacks 1970-01-01T00:00:00Z to 2023-11-14T22:13:20Z: records 1 to 2 "
             "are lost");
  EXPECT_EQ(notes.count(), 1);
}

TEST_F(DamageNotesTest, AreNotedAgainOnceTheSharedOnesWereAcceptedElsewhere) {
  DamageNotes notes(folder_.data());
  notes.note(kNow, "page 7 is damaged");
  notes.remove_shared(notes.own());
  EXPECT_FALSE(std::filesystem::exists(folder_.data() / "damage.txt"));
  notes.forget_shared();
  notes.note(kNow, "page 7 is damaged");
  EXPECT_EQ(notes.own(), (Lines{"2023-11-14T22:13:20Z page 7 is damaged"}));
}

TEST_F(DamageNotesTest, APageIsNotedWithoutItsPath) {
  DamageNotes notes(folder_.data());
  for (const char* text : {"/srv/data/history.db: page 7 is damaged", "history.db: no path"}) {
    notes.note_page(kNow, {.code = ErrorCode::kDamaged, .detail = text});
  }
  EXPECT_EQ(notes.all(), (Lines{"2023-11-14T22:13:20Z history.db: page 7 is damaged",
                                "2023-11-14T22:13:20Z history.db: no path"}));
}

TEST_F(DamageNotesTest, AFlippedBitInThemIsANote) {
  DamageNotes(folder_.data()).note(kNow, "records 3 to 5 are missing");
  const auto file = folder_.data() / "damage.txt";
  const std::string good = content_of(file);
  ASSERT_TRUE(is_intact(good));
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int bit : {1, 2, 4, 8, 16, 32, 64, 128}) {
      std::string flipped = good;
      flipped[at] = static_cast<char>(flipped[at] ^ bit);
      EXPECT_FALSE(is_intact(flipped)) << flipped;
    }
    std::string flipped = good;
    flipped[at] = static_cast<char>(flipped[at] ^ 8);
    write_content(file, flipped);
    const Lines all = DamageNotes(folder_.data()).all();
    ASSERT_FALSE(all.empty());
    EXPECT_TRUE(all.back().contains("damage.txt was damaged")) << flipped;
    EXPECT_EQ(DamageNotes(folder_.data()).all(), all) << "it is written anew, with a checksum";
  }
}

TEST_F(DamageNotesTest, AFileOfAnEarlierVersionHasNoChecksum) {
  const std::string line = "2023-11-14T22:13:20Z history.db is damaged";
  write_content(folder_.data() / "damage.txt", line + "\n" + line + " too\n");
  EXPECT_EQ(DamageNotes(folder_.data()).all(), (Lines{line, line + " too"}));
  EXPECT_TRUE(is_intact(""));
  EXPECT_FALSE(is_intact("nonsense"));
}

TEST_F(DamageNotesTest, AreAtMostAHundred) {
  DamageNotes notes(folder_.data());
  for (std::size_t i = 0; i < DamageNotes::kMaxNotes + 5; ++i)
    notes.note(kNow, fmt::format("{}", i));
  EXPECT_EQ(notes.count(), DamageNotes::kMaxNotes);
  EXPECT_EQ(DamageNotes(folder_.data()).count(), DamageNotes::kMaxNotes);
  notes.remove_shared(notes.own());
  notes.note(kNow, "one more");
  EXPECT_EQ(notes.count(), 0U) << "as many are shared already";
}

TEST_F(DamageNotesTest, AreKeptInMemoryIfTheDiskRefuses) {
  DamageNotes notes(folder_.data() / "nowhere");
  notes.note(kNow, "a");
  EXPECT_EQ(notes.count(), 1);
}

}  // namespace
}  // namespace gridloom::history
