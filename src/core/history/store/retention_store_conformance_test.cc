// The conformance suite of what retention reads and removes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "history/store/running_days.h"
#include "history/store/test_store_suite.h"

namespace gridloom::history {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = RetentionStore::Kind;
using Lines = std::vector<std::string>;

constexpr DeviceHour kHour{.device = 1, .hour = 10};
constexpr std::int64_t kAnyMark = std::numeric_limits<std::int64_t>::max();

TEST_P(RetentionStoreConformance, ASliceIsSeenOnceItIsCommitted) {
  write_hour(kHour, {"a", "b"});
  const auto reader = must(stores_->open_reader());
  EXPECT_TRUE(must(retention_->commit([&]() -> Result<bool> {
    must(retention_->replace_by_rollups(kHour, "r"));
    EXPECT_THAT(must(retention_->chunks(kHour)), IsEmpty()) << "it sees its own changes";
    EXPECT_THAT(chunks(*reader, 1), ElementsAre("10 a", "10 b"));
    EXPECT_THAT(rollups(*reader, 1), IsEmpty());
    return true;
  })));
  EXPECT_THAT(chunks(*reader, 1), IsEmpty());
  EXPECT_THAT(rollups(*reader, 1), ElementsAre("10 r"));
  EXPECT_FALSE(must(retention_->commit([] { return Result<bool>(false); })));
}

TEST_P(RetentionStoreConformance, ASliceThatFailsChangesNothing) {
  write_hour(kHour, {"a"});
  write_energies(kHour, "e");
  write_audit(1, "{}");
  EXPECT_THAT(must(retention_->running_days()), IsEmpty());
  const auto failed = retention_->commit([&]() -> Result<bool> {
    must(retention_->replace_by_rollups(kHour, "r"));
    EXPECT_EQ(must(retention_->remove(Kind::kEnergies, 1, 10)), 1);
    EXPECT_EQ(must(retention_->remove_audit(1, 10)), 1);
    must(retention_->put_running_day({.day = 3, .ran_ms = 1, .first_mark = 1}));
    return fail(ErrorCode::kIo, "full");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kIo);
  EXPECT_EQ(failed.error().detail, "full");
  EXPECT_THAT(chunks(*store_, 1), ElementsAre("10 a"));
  EXPECT_THAT(rollups(*store_, 1), IsEmpty());
  EXPECT_THAT(energies(*store_, 1), ElementsAre("10 e"));
  EXPECT_THAT(audit(*store_), ElementsAre("1 {}"));
  EXPECT_THAT(must(retention_->running_days()), IsEmpty());
  commit([&] { must(retention_->replace_by_rollups(kHour, "r")); });
  EXPECT_THAT(rollups(*store_, 1), ElementsAre("10 r")) << "the next slice is not impeded";
}

TEST_P(RetentionStoreConformance, WorkWithLittleSpaceGivesItsOwnResult) {
  write_hour(kHour, {"a"});
  EXPECT_TRUE(must(retention_->with_little_space([&] {
    return retention_->commit(
        [&]() -> Result<bool> { return must(retention_->remove(Kind::kChunks, 1, 10)) == 1; });
  })));
  EXPECT_THAT(chunks(*store_, 1), IsEmpty());
  const auto failed = retention_->with_little_space(
      []() -> Result<bool> { return fail(ErrorCode::kIo, "still full"); });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().detail, "still full");
}

TEST_P(RetentionStoreConformance, DevicesAreFoundByTheKindOfTheirData) {
  write_hour({.device = 7, .hour = 10}, {"a"});
  write_hour({.device = 2, .hour = 10}, {"a"});
  write_energies({.device = 3, .hour = 10}, "e");
  write_hour({.device = 4, .hour = 10}, {"a"});
  commit([&] { must(retention_->replace_by_rollups({.device = 4, .hour = 10}, "r")); });
  EXPECT_EQ(must(store_->rollup_from(4, 0)), std::optional<std::int64_t>(10));
  EXPECT_EQ(must(store_->rollup_from(4, 11)), std::nullopt);
  Changes changes;
  changes.twins.push_back({.device = 5, .sn = "A", .text = "{}"});
  must(store_->write(changes));
  using Device = std::optional<DeviceNumber>;
  struct Row {
    Kind kind;
    Device after;
    Device found;
  };
  for (const Row& row :
       {Row{Kind::kChunks, std::nullopt, 2}, Row{Kind::kChunks, 2, 7}, Row{Kind::kChunks, 4, 7},
        Row{Kind::kChunks, 7, std::nullopt}, Row{Kind::kEnergies, std::nullopt, 3},
        Row{Kind::kEnergies, 3, std::nullopt}, Row{Kind::kRollups, std::nullopt, 4},
        Row{Kind::kRollups, 4, std::nullopt}, Row{Kind::kTwin, std::nullopt, 5},
        Row{Kind::kTwin, 5, std::nullopt}}) {
    EXPECT_EQ(must(retention_->next_device(row.kind, row.after)), row.found)
        << static_cast<int>(row.kind) << " " << row.after.value_or(-1);
  }
}

TEST_P(RetentionStoreConformance, RowsOfADeviceAreRemovedSomeAtATime) {
  for (std::int64_t hour = 10; hour < 15; ++hour) {
    write_hour({.device = 1, .hour = hour}, {"a"});
    write_energies({.device = 1, .hour = hour}, "e");
  }
  write_hour({.device = 2, .hour = 10}, {"a"});
  Changes changes;
  changes.twins.push_back({.device = 1, .sn = "A", .text = "{}"});
  must(store_->write(changes));
  commit([&] {
    EXPECT_EQ(must(retention_->remove(Kind::kChunks, 1, 3)), 3);
    EXPECT_EQ(must(retention_->remove(Kind::kChunks, 1, 3)), 2);
    EXPECT_EQ(must(retention_->remove(Kind::kChunks, 1, 3)), 0);
    EXPECT_EQ(must(retention_->remove(Kind::kTwin, 1, 3)), 1);
    EXPECT_EQ(must(retention_->remove(Kind::kTwin, 1, 3)), 0);
  });
  EXPECT_THAT(chunks(*store_, 1), IsEmpty());
  EXPECT_THAT(must(store_->twins()), IsEmpty());
  EXPECT_EQ(energies(*store_, 1).size(), 5);
  EXPECT_THAT(chunks(*store_, 2), ElementsAre("10 a"));
  commit([&] { EXPECT_EQ(must(retention_->remove(Kind::kEnergies, 1, 9)), 5); });
  EXPECT_THAT(energies(*store_, 1), IsEmpty());
}

TEST_P(RetentionStoreConformance, HoursAreFoundByTheMarkOfTheirYoungestChunk) {
  for (const std::int64_t hour : {10, 11}) write_hour({.device = 1, .hour = hour}, {"a"});
  const std::int64_t mark = must(retention_->next_mark());
  write_hour({.device = 1, .hour = 12}, {"a"});
  write_hour({.device = 1, .hour = 10}, {"late"}, false);
  EXPECT_GT(must(retention_->next_mark()), mark);
  using Hour = std::optional<std::int64_t>;
  struct Row {
    std::int64_t from;
    std::int64_t to;
    std::int64_t below;
    Hour found;
  };
  for (const Row& row :
       {Row{0, 20, kAnyMark, 10}, Row{11, 20, kAnyMark, 11}, Row{13, 20, kAnyMark, std::nullopt},
        Row{0, 10, kAnyMark, std::nullopt}, Row{0, 20, mark, 11}, Row{0, 11, mark, std::nullopt},
        Row{12, 20, mark, std::nullopt}}) {
    EXPECT_EQ(must(retention_->next_hour(1, row.from, row.to, row.below)), row.found)
        << row.from << " " << row.to << " " << row.below;
  }
  EXPECT_EQ(must(retention_->next_hour(2, 0, 20, kAnyMark)), std::nullopt);
}

TEST_P(RetentionStoreConformance, RollupsThatAnHourHasStay) {
  write_hour(kHour, {"a"}, false);
  write_hour(kHour, {"b"}, false);
  write_hour({.device = 1, .hour = 11}, {"c"});
  EXPECT_THAT(must(retention_->chunks(kHour)), ElementsAre("a", "b"));
  EXPECT_THAT(must(retention_->chunks({.device = 2, .hour = 10})), IsEmpty());
  commit([&] { must(retention_->replace_by_rollups(kHour, "first")); });
  write_hour(kHour, {"late"});
  commit([&] { must(retention_->replace_by_rollups(kHour, "second")); });
  EXPECT_THAT(rollups(*store_, 1), ElementsAre("10 first"));
  EXPECT_THAT(chunks(*store_, 1), ElementsAre("11 c"));
}

TEST_P(RetentionStoreConformance, OldRollupsAreRemovedSomeAtATime) {
  commit([&] {
    for (std::int64_t hour = 10; hour < 15; ++hour) {
      must(retention_->replace_by_rollups({.device = 1, .hour = hour}, "r"));
      must(retention_->replace_by_rollups({.device = 2, .hour = hour}, "r"));
    }
    EXPECT_EQ(must(retention_->remove_rollups(1, 13, 2)), 2);
    EXPECT_EQ(must(retention_->remove_rollups(1, 13, 2)), 1);
    EXPECT_EQ(must(retention_->remove_rollups(1, 13, 2)), 0);
    EXPECT_EQ(must(retention_->remove_rollups(3, 13, 2)), 0);
  });
  EXPECT_THAT(rollups(*store_, 1), ElementsAre("13 r", "14 r"));
  EXPECT_EQ(rollups(*store_, 2).size(), 5);
}

TEST_P(RetentionStoreConformance, AuditEntriesAreRemovedUpToTheFirstThatIsNotOld) {
  struct Row {
    std::string_view what;
    Lines entries;     // with the sequences 1, 2, ...
    std::size_t left;  // of those with times before 100
  };
  const std::vector<Row> rows = {
      {"all are old", {R"({"at":1})", R"({"at":99})"}, 0},
      {"one is not", {R"({"at":1})", R"({"at":100})", R"({"at":2})"}, 2},
      {"the time is not the first member", {R"({"what":"x","at":1})", R"({"at":100})"}, 1},
      {"only its own time counts", {R"({"message":{"at":500},"at":1})"}, 0},
      {"one has no time", {"{}", R"({"at":200})"}, 1},
      {"one cannot be read", {R"({"at":1})", "{", R"({"at":2})"}, 2},
      {"one's time is a text", {R"({"at":"1"})", R"({"at":2})"}, 2},
      {"there are none", {}, 0},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    std::uint64_t sequence = 0;
    for (const std::string& entry : row.entries) write_audit(++sequence, entry);
    commit([&] {
      EXPECT_EQ(must(retention_->remove_audit(100, 10)), row.entries.size() - row.left);
      EXPECT_EQ(must(retention_->remove_audit(100, 10)), 0);
    });
    EXPECT_EQ(audit(*store_).size(), row.left);
    stores_ = GetParam().make(folder_.path() / row.what);
    store_ = must(stores_->open()).store;
    retention_ = must(stores_->open_retention());
  }
}

TEST_P(RetentionStoreConformance, OldEventsAreRemovedSomeAtATimeAndOpenFaultsAreKept) {
  using enum journal::EventKind;
  write_events({event(1, 7, 10, kFaultBegan, "a"), event(2, 8, 20, kOnline),
                event(3, 8, 30, kOffline), event(4, 7, 40, kOnline), event(5, 7, 100, kOffline)});
  commit([&] {
    EXPECT_EQ(must(retention_->remove_events(100, 2)), 2);
    EXPECT_EQ(must(retention_->remove_events(100, 2)), 1);
    EXPECT_EQ(must(retention_->remove_events(100, 2)), 0);
  });
  EXPECT_THAT(events(*store_, 7), ElementsAre("5 offline ", "1 fault.began a"));
  EXPECT_THAT(events(*store_, 8), IsEmpty());
  EXPECT_THAT(open_faults(), ElementsAre("1 fault.began a"));
}

TEST_P(RetentionStoreConformance, TheEventsOfADeviceAreRemovedWithIt) {
  write_events({event(1, 7, 10, journal::EventKind::kFaultBegan, "a"), event(2, 8, 20)});
  EXPECT_EQ(must(retention_->next_device(Kind::kEvents, std::nullopt)), 7);
  EXPECT_EQ(must(retention_->next_device(Kind::kEvents, 7)), 8);
  EXPECT_EQ(must(retention_->next_device(Kind::kEvents, 8)), std::nullopt);
  commit([&] { EXPECT_EQ(must(retention_->remove(Kind::kEvents, 7, 10)), 1); });
  EXPECT_THAT(events(*store_, 7), IsEmpty());
  EXPECT_THAT(open_faults(), IsEmpty());
  EXPECT_THAT(events(*store_, 8), ElementsAre("2 online "));
}

TEST_P(RetentionStoreConformance, AuditEntriesAreRemovedSomeAtATime) {
  for (std::uint64_t i = 1; i <= 5; ++i) write_audit(i, R"({"at":1})");
  commit([&] {
    EXPECT_EQ(must(retention_->remove_audit(100, 3)), 3);
    EXPECT_EQ(must(retention_->remove_audit(100, 3)), 2);
  });
  EXPECT_THAT(audit(*store_), IsEmpty());
}

TEST_P(RetentionStoreConformance, SpaceIsReturnedUntilThereIsLittle) {
  for (std::int64_t hour = 0; hour < 20; ++hour) {
    write_hour({.device = 1, .hour = hour}, {std::string(200'000, 'x')});
  }
  commit([&] { EXPECT_EQ(must(retention_->remove(Kind::kChunks, 1, 100)), 20); });
  int steps = 0;
  while (must(retention_->return_space())) ASSERT_LT(++steps, 1000);
  EXPECT_FALSE(must(retention_->return_space()));
  write_hour(kHour, {"a"});
  EXPECT_THAT(chunks(*store_, 1), ElementsAre("10 a"));
}

TEST_P(RetentionStoreConformance, RunningDaysAreKeptAscending) {
  EXPECT_THAT(must(retention_->running_days()), IsEmpty());
  const RunningDay first{.day = 3, .ran_ms = 5, .first_mark = 7};
  RunningDay second{.day = 4, .ran_ms = 1, .first_mark = 9};
  must(retention_->put_running_day(second));
  must(retention_->put_running_day(first));
  second.ran_ms = 100;
  must(retention_->put_running_day(second));
  EXPECT_THAT(must(retention_->running_days()), ElementsAre(first, second));
  must(retention_->remove_running_day(3));
  must(retention_->remove_running_day(99));
  const auto again = must(stores_->open_retention());
  EXPECT_THAT(must(again->running_days()), ElementsAre(second));
}

TEST_P(RetentionStoreConformance, RunningDaysSurviveARestart) {
  using namespace std::chrono_literals;
  constexpr TimePoint kBegin{std::chrono::sys_days(std::chrono::days(20'000))};
  RunningDays days = must(RunningDays::open(*retention_));
  for (Millis ran = 0h; ran <= 60h; ran += 30min) must(days.note(*retention_, kBegin + ran, ran));
  const auto again = must(stores_->open_retention());
  EXPECT_EQ(must(RunningDays::open(*again)).reached(kBegin + 60h), kBegin + 48h);
}

}  // namespace
}  // namespace gridloom::history
