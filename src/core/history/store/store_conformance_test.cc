// The conformance suite of history's store: what is written is read, by every connection, in order,
// of one moment, all of it or nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "history/store/test_store_suite.h"

namespace gridloom::history {
namespace {

using journal::Positions;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;
using Lines = std::vector<std::string>;

constexpr DeviceHour kHour{.device = 1, .hour = 10};

// Lines such as "DEVICE SN TEXT".
Lines twins(Store& store) {
  Lines lines;
  for (const StoredTwin& twin : must(store.twins())) {
    lines.push_back(std::to_string(twin.device) + " " + twin.sn + " " + twin.text);
  }
  return lines;
}

// Something of each kind.
Changes some_changes() {
  Changes changes;
  changes.names = {{0, "power_w"}, {1, "voltage_v"}};
  changes.hours.push_back({.of = kHour, .chunks = {"a", "b"}, .taken = 3});
  changes.energies.push_back({.of = kHour, .bytes = "e"});
  changes.twins.push_back({.device = 1, .sn = "HEATER-1", .text = "{}"});
  changes.audit.push_back({.sequence = 2, .entry = R"({"at":1})"});
  changes.applied = Positions::everywhere(2);
  return changes;
}

TEST_P(StoreConformance, ANewStoreIsEmpty) {
  EXPECT_EQ(must(store_->applied()), Positions());
  EXPECT_THAT(must(store_->names()), IsEmpty());
  EXPECT_THAT(must(store_->twins()), IsEmpty());
  EXPECT_THAT(must(store_->open_hours()), IsEmpty());
  const TakenRecords taken = must(store_->taken());
  EXPECT_THAT(taken.of, IsEmpty());
  EXPECT_TRUE(taken.is_known);
  EXPECT_FALSE(must(store_->has_taken(kHour, 1)));
  EXPECT_THAT(chunks(*store_, 1), IsEmpty());
  EXPECT_THAT(energies(*store_, 1), IsEmpty());
  EXPECT_THAT(rollups(*store_, 1), IsEmpty());
  EXPECT_THAT(audit(*store_), IsEmpty());
  EXPECT_EQ(must(store_->hour_before(1, kLastHour)), std::nullopt);
  EXPECT_EQ(must(store_->hour_from(1, 0)), std::nullopt);
  EXPECT_THAT(must(store_->hours_without_energies(1, 0, kLastHour)), IsEmpty());
}

TEST_P(StoreConformance, EveryConnectionReadsWhatWasWritten) {
  auto reader = must(stores_->open_reader());
  must(store_->write(some_changes()));
  EXPECT_TRUE(store_->is_checkpointed());
  auto later = must(stores_->open_reader());
  for (StoreReader* each : {static_cast<StoreReader*>(store_.get()), reader.get(), later.get()}) {
    EXPECT_THAT(chunks(*each, 1), ElementsAre("10 a", "10 b"));
    EXPECT_THAT(energies(*each, 1), ElementsAre("10 e"));
    EXPECT_THAT(audit(*each), ElementsAre(R"(2 {"at":1})"));
    EXPECT_TRUE(must(each->has_taken(kHour, 3)));
  }
  store_.reset();
  reader.reset();
  later.reset();
  store_ = must(stores_->open()).store;
  EXPECT_THAT(must(store_->names()), ElementsAre("power_w", "voltage_v"));
  EXPECT_THAT(twins(*store_), ElementsAre("1 HEATER-1 {}"));
  EXPECT_EQ(must(store_->applied()), Positions::everywhere(2));
  EXPECT_THAT(must(store_->taken()).of, ElementsAre(Pair(kHour, 3U)));
  EXPECT_TRUE(must(store_->taken()).is_known);
  EXPECT_THAT(must(store_->open_hours()), ElementsAre(kHour));
}

TEST_P(StoreConformance, AGoodStoreHasNoDamage) {
  must(store_->write(some_changes()));
  EXPECT_EQ(must(stores_->verify({})), "");
  EXPECT_EQ(stores_->damaged_rows(), 0);
  store_.reset();
  EXPECT_EQ(must(stores_->open()).lost_changes, "");
}

TEST_P(StoreConformance, ACheckKnowsHowFarTheStoreIs) {
  BlockWriter writer;
  writer.add(kHour.hour * kHour_ms, std::vector{Sample{.field = 0, .value = value_of("1")}});
  Changes changes = some_changes();
  changes.hours.front().chunks = {writer.finish()};  // a check reads what is in it
  changes.energies.clear();
  must(store_->write(changes));
  using Writers = StoreFactory::Writers;
  const StoreCheck while_open = must(stores_->check(Writers::kMaybe));
  store_.reset();
  const StoreCheck closed = must(stores_->check(Writers::kNone));
  for (const StoreCheck& check : {while_open, closed}) {
    EXPECT_EQ(check.applied, 2);
    EXPECT_EQ(check.some_applied, 3);
    EXPECT_EQ(check.blocks, 1);
    EXPECT_EQ(check.rows, while_open.rows);
    EXPECT_GE(check.rows, 6) << "two names, a chunk, a twin, an entry, a taken record";
    EXPECT_EQ(check.damaged, 0);
    EXPECT_THAT(check.damages, IsEmpty());
    EXPECT_THAT(check.structure, IsEmpty());
    EXPECT_EQ(check.unread, "");
    EXPECT_FALSE(check.failed);
  }
}

TEST_P(StoreConformance, ABackupConsistsOfTheFilesThatItNames) {
  must(store_->write(some_changes()));
  const std::filesystem::path folder = folder_.path() / "copy";
  std::filesystem::create_directory(folder);
  std::vector<std::filesystem::path> found;
  const auto named = must(stores_->backup(folder, {}));
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    found.push_back(entry.path().filename());
  }
  EXPECT_THAT(found, testing::UnorderedElementsAreArray(named));
  EXPECT_THAT(chunks(*store_, 1), ElementsAre("10 a", "10 b"));
}

TEST_P(StoreConformance, OnlyDamageHasARemedy) {
  EXPECT_EQ(stores_->with_remedy({.code = ErrorCode::kIo, .detail = "full"}).detail, "full");
  const Error error = stores_->with_remedy({.code = ErrorCode::kDamaged, .detail = "page 3"});
  EXPECT_EQ(error.code, ErrorCode::kDamaged);
  EXPECT_TRUE(error.detail.starts_with("page 3")) << error.detail;
}

TEST_P(StoreConformance, ChangesThatAreRefusedChangeNothing) {
  must(store_->write(some_changes()));
  Changes known_name;
  known_name.names = {{2, "new"}, {1, "other"}};
  Changes name_twice;
  name_twice.names = {{2, "new"}, {2, "other"}};
  std::vector<Changes> all = {known_name, name_twice};
  for (Changes& refused : all) {
    refused.hours.push_back({.of = kHour, .chunks = {"x"}, .over = true});
    refused.energies.push_back({.of = kHour, .bytes = "x"});
    refused.twins.push_back({.device = 1, .sn = "x", .text = "x"});
    refused.audit.push_back({.sequence = 10, .entry = "{}"});
    const Status written = store_->write(refused);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::kConflict) << written.error().detail;
    EXPECT_THAT(must(store_->names()), ElementsAre("power_w", "voltage_v"));
    EXPECT_THAT(chunks(*store_, 1), ElementsAre("10 a", "10 b"));
    EXPECT_THAT(energies(*store_, 1), ElementsAre("10 e"));
    EXPECT_THAT(twins(*store_), ElementsAre("1 HEATER-1 {}"));
    EXPECT_THAT(audit(*store_), ElementsAre(R"(2 {"at":1})"));
    EXPECT_EQ(must(store_->applied()), Positions::everywhere(2));
  }
}

TEST_P(StoreConformance, NamesHaveTheirNumbersAndNoneIsMissing) {
  Changes changes;
  changes.names = {{1, "b"}, {0, "a"}};
  must(store_->write(changes));
  EXPECT_THAT(must(store_->names()), ElementsAre("a", "b"));
  changes.names = {{3, "d"}};
  must(store_->write(changes));
  const auto names = store_->names();
  ASSERT_FALSE(names);
  EXPECT_EQ(names.error().code, ErrorCode::kMalformed);
}

TEST_P(StoreConformance, ChunksFollowEachOtherUntilTheirHourIsOver) {
  write_hour(kHour, {"a"}, false);
  write_hour({.device = 1, .hour = 9}, {"c"});
  write_hour({.device = 2, .hour = 10}, {"d"}, false);
  write_hour(kHour, {"b"}, false);
  EXPECT_THAT(chunks(*store_, 1), ElementsAre("9 c", "10 a", "10 b"));
  EXPECT_THAT(chunks(*store_, 2), ElementsAre("10 d"));
  EXPECT_THAT(must(store_->open_hours()),
              UnorderedElementsAre(kHour, DeviceHour{.device = 2, .hour = 10}));
  write_hour(kHour, {"e", "f"}, true);
  EXPECT_THAT(chunks(*store_, 1), ElementsAre("9 c", "10 e", "10 f"));
  EXPECT_THAT(must(store_->open_hours()), ElementsAre(DeviceHour{.device = 2, .hour = 10}));
  write_hour(kHour, {"late"}, false);
  EXPECT_THAT(chunks(*store_, 1), ElementsAre("9 c", "10 e", "10 f", "10 late"));
  write_hour(kHour, {}, true);
  EXPECT_THAT(chunks(*store_, 1), ElementsAre("9 c"));
}

TEST_P(StoreConformance, BytesAreReadAsTheyWereWritten) {
  const std::string all_bytes = [] {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
    return bytes;
  }();
  write_hour(kHour, {all_bytes, ""});
  write_energies(kHour, all_bytes);
  EXPECT_THAT(chunks(*store_, 1), ElementsAre("10 " + all_bytes, "10 "));
  EXPECT_THAT(energies(*store_, 1), ElementsAre("10 " + all_bytes));
}

TEST_P(StoreConformance, HoursAreReadFromTheFirstUpToTheLast) {
  for (const std::int64_t hour : {12, 10, 11}) {
    write_hour({.device = 1, .hour = hour}, {"a"});
    write_energies({.device = 1, .hour = hour}, "e");
  }
  struct Row {
    std::int64_t from;
    std::int64_t to;
    Lines hours;
  };
  for (const Row& row :
       {Row{10, 12, {"10", "11"}}, Row{11, 13, {"11", "12"}}, Row{0, 10, {}}, Row{13, 20, {}},
        Row{11, 11, {}}, Row{12, 11, {}}, Row{0, kLastHour, {"10", "11", "12"}}}) {
    Lines in_chunks;
    Lines in_energies;
    Lines in_positions;
    must(store_->each_chunk(1, row.from, row.to, [&](std::int64_t hour, std::string_view) {
      in_chunks.push_back(std::to_string(hour));
      return Status();
    }));
    must(store_->each_energy(1, row.from, row.to,
                             [&](std::int64_t hour, std::string_view) {
                               in_energies.push_back(std::to_string(hour));
                               return Status();
                             },
                             {}));
    EXPECT_TRUE(must(store_->chunks_from(
        1, {.hour = row.from}, row.to,
        [&](const StoreReader::ChunkPosition& at, std::string_view) -> Result<bool> {
          in_positions.push_back(std::to_string(at.hour));
          return true;
        })));
    EXPECT_EQ(in_chunks, row.hours) << row.from << " " << row.to;
    EXPECT_EQ(in_energies, row.hours) << row.from << " " << row.to;
    EXPECT_EQ(in_positions, row.hours) << row.from << " " << row.to;
  }
}

TEST_P(StoreConformance, AnErrorOfTheCallerEndsTheReadAndIsReturned) {
  write_hour(kHour, {"a", "b"});
  write_energies(kHour, "e");
  write_energies({.device = 1, .hour = 11}, "e");
  int calls = 0;
  const auto refuse = [&](std::int64_t, std::string_view) -> Status {
    ++calls;
    return fail(ErrorCode::kOffline, "no more");
  };
  const auto refuse_chunk = [&](const StoreReader::ChunkPosition&,
                                std::string_view) -> Result<bool> {
    ++calls;
    return fail(ErrorCode::kOffline, "no more");
  };
  const Status of_chunk = store_->each_chunk(1, 0, kLastHour, refuse);
  const Status of_energy = store_->each_energy(1, 0, kLastHour, refuse, {});
  const auto of_position = store_->chunks_from(1, {}, kLastHour, refuse_chunk);
  ASSERT_FALSE(of_chunk);
  EXPECT_EQ(of_chunk.error().code, ErrorCode::kOffline);
  ASSERT_FALSE(of_energy);
  EXPECT_EQ(of_energy.error().code, ErrorCode::kOffline);
  ASSERT_FALSE(of_position);
  EXPECT_EQ(of_position.error().code, ErrorCode::kOffline);
  EXPECT_EQ(calls, 3);
}

// Reads some chunks at a time, and continues where it stopped.
class ChunkCursor {
 public:
  ChunkCursor(StoreReader& store, DeviceNumber device, std::int64_t from, std::int64_t to)
      : store_(store), device_(device), to_(to), next_{.hour = from} {}

  Lines read(std::size_t most) {
    Lines chunks;
    all_ = must(store_.chunks_from(
        device_, must(store_.resume(device_, next_)), to_,
        [&](const StoreReader::ChunkPosition& at, std::string_view bytes) -> Result<bool> {
          chunks.push_back(std::to_string(at.hour) + " " + std::string(bytes));
          next_ = at.after();
          return chunks.size() < most;
        }));
    return chunks;
  }
  [[nodiscard]] bool all() const { return all_; }

 private:
  StoreReader& store_;
  DeviceNumber device_;
  std::int64_t to_;
  StoreReader::ChunkPosition next_;
  bool all_ = false;
};

TEST_P(StoreConformance, AReaderContinuesAfterTheChunkThatItStoppedAt) {
  write_hour(kHour, {"a", "b", "c"}, false);
  write_hour({.device = 1, .hour = 11}, {"d"});
  write_hour({.device = 1, .hour = 12}, {"not asked for"});
  ChunkCursor cursor(*store_, 1, 10, 12);
  EXPECT_THAT(cursor.read(2), ElementsAre("10 a", "10 b"));
  EXPECT_FALSE(cursor.all());
  EXPECT_THAT(cursor.read(1), ElementsAre("10 c"));
  write_hour(kHour, {"e"}, false);
  EXPECT_THAT(cursor.read(9), ElementsAre("10 e", "11 d"));
  EXPECT_TRUE(cursor.all());
  EXPECT_THAT(cursor.read(9), IsEmpty());
}

TEST_P(StoreConformance, AnHourThatWasStoredAnewIsReadFromItsBegin) {
  write_hour(kHour, {"a", "b", "c"}, false);
  ChunkCursor cursor(*store_, 1, 10, 11);
  EXPECT_THAT(cursor.read(2), ElementsAre("10 a", "10 b"));
  write_hour(kHour, {"d"}, false);
  EXPECT_THAT(cursor.read(1), ElementsAre("10 c"));
  write_hour(kHour, {"a"}, true);  // the same bytes
  EXPECT_THAT(cursor.read(9), ElementsAre("10 a"));
  EXPECT_THAT(cursor.read(9), IsEmpty());
  EXPECT_TRUE(cursor.all());
}

TEST_P(StoreConformance, EnergiesAndTwinsReplaceThoseBefore) {
  write_energies(kHour, "old");
  write_energies(kHour, "new");
  EXPECT_THAT(energies(*store_, 1), ElementsAre("10 new"));
  Changes changes;
  changes.twins = {{.device = 2, .sn = "B", .text = "{}"}, {.device = 1, .sn = "A", .text = "{}"}};
  must(store_->write(changes));
  changes.twins = {{.device = 1, .sn = "A2", .text = "{1}"}};
  must(store_->write(changes));
  EXPECT_THAT(twins(*store_), UnorderedElementsAre("1 A2 {1}", "2 B {}"));
}

TEST_P(StoreConformance, HoursAreFoundBeforeAndFromAnHour) {
  write_hour({.device = 1, .hour = 10}, {"a"});
  write_hour({.device = 1, .hour = 20}, {"a"}, false);
  write_energies({.device = 1, .hour = 15}, "e");
  write_energies({.device = 1, .hour = 30}, "e");
  write_hour({.device = 2, .hour = 12}, {"a"});
  using Hour = std::optional<std::int64_t>;
  struct Row {
    std::int64_t hour;
    Hour before;  // has blocks
    Hour from;    // has blocks or energies
  };
  for (const Row& row : {Row{9, std::nullopt, 10}, Row{10, std::nullopt, 10}, Row{11, 10, 15},
                         Row{15, 10, 15}, Row{16, 10, 20}, Row{20, 10, 20}, Row{21, 20, 30},
                         Row{30, 20, 30}, Row{31, 20, std::nullopt}}) {
    EXPECT_EQ(must(store_->hour_before(1, row.hour)), row.before) << row.hour;
    EXPECT_EQ(must(store_->hour_from(1, row.hour)), row.from) << row.hour;
  }
}

TEST_P(StoreConformance, HoursWhoseEnergiesAreMissingOrOldAreFound) {
  for (const std::int64_t hour : {10, 11, 12, 13}) {
    write_hour({.device = 1, .hour = hour}, {"a"}, hour != 12);
  }
  for (const std::int64_t hour : {11, 12, 14}) write_energies({.device = 1, .hour = hour}, "e");
  EXPECT_THAT(must(store_->hours_without_energies(1, 0, kLastHour)),
              UnorderedElementsAre(10, 12, 13));
  EXPECT_THAT(must(store_->hours_without_energies(1, 11, 13)), ElementsAre(12));
  write_hour({.device = 1, .hour = 11}, {"late"}, false);
  EXPECT_THAT(must(store_->hours_without_energies(1, 11, 12)), ElementsAre(11));
}

TEST_P(StoreConformance, HoursAreFoundByWhenTheyWereStored) {
  const auto hours_since = [this](std::int64_t mark, std::size_t most = 9) {
    std::vector<std::int64_t> hours;
    for (const auto& each : must(store_->hours_since(1, mark, most)).hours) {
      hours.push_back(each.hour);
    }
    return hours;
  };
  EXPECT_THAT(hours_since(0), IsEmpty());
  write_hour({.device = 1, .hour = 20}, {"a"}, true);
  write_hour({.device = 1, .hour = 10}, {"b"}, false);
  write_hour({.device = 2, .hour = 15}, {"c"}, true);
  EXPECT_THAT(hours_since(0), ElementsAre(20, 10));
  EXPECT_THAT(hours_since(0, 1), ElementsAre(20));
  const StoredHours all = must(store_->hours_since(1, 0, 9));
  EXPECT_THAT(hours_since(all.hours.front().mark), ElementsAre(10));
  EXPECT_THAT(hours_since(all.newest), IsEmpty());
  write_hour({.device = 1, .hour = 10}, {"d"}, false);
  EXPECT_THAT(hours_since(all.newest), ElementsAre(10)) << "it has a further chunk";
  const std::int64_t newest = must(store_->hours_since(1, 0, 9)).newest;
  write_hour({.device = 1, .hour = 10}, {"b and d"}, true);
  EXPECT_THAT(hours_since(newest), ElementsAre(10)) << "it was stored anew, the last one before";
  EXPECT_THAT(hours_since(0), ElementsAre(20, 10));
  EXPECT_EQ(must(store_->hours_since(7, 0, 9)).numbering, all.numbering);
}

TEST_P(StoreConformance, EventsAreReadNewestFirstAndEachIsStoredOnce) {
  write_events({event(1, 7, 100), event(2, 8, 100), event(3, 7, 300)});
  write_events({event(4, 7, 200), event(5, 7, 300), event(3, 7, 300)});
  EXPECT_THAT(events(*store_, 7), ElementsAre("5 online ", "3 online ", "4 online ", "1 online "));
  EXPECT_THAT(events(*store_, 7, 200), ElementsAre("5 online ", "3 online ", "4 online "));
  EXPECT_THAT(events(*store_, 7, 200, {.at_ms = 300, .id = 5}),
              ElementsAre("3 online ", "4 online "));
  EXPECT_THAT(events(*store_, 7, 0, {.at_ms = 300}), ElementsAre("4 online ", "1 online "));
  EXPECT_THAT(events(*store_, 9), IsEmpty());
  Lines first;
  must(store_->each_event(7, 0, kNewest, [&](const StoredEvent& stored) {
    first.push_back(line_of(stored));
    return false;
  }));
  EXPECT_THAT(first, ElementsAre("5 online "));
}

TEST_P(StoreConformance, AnEventIsReadAsItWasWritten) {
  const journal::DeviceEvent whole{.device = 7,
                                   .at_ms = 100,
                                   .kind = journal::EventKind::kFaultEnded,
                                   .since_ms = 40,
                                   .count = 3,
                                   .field = "bms.err",
                                   .text = R"([1,"ä"])"};
  write_events({{.id = 9, .event = whole}});
  std::vector<journal::DeviceEvent> read;
  must(store_->each_event(7, 0, kNewest, [&](const StoredEvent& stored) {
    read.push_back(stored.event);
    return true;
  }));
  EXPECT_THAT(read, ElementsAre(whole));
}

TEST_P(StoreConformance, EventsOfAllDevicesAreReadInTheirOrder) {
  write_events({event(5, 1, 900), event(7, 2, 100), event(9, 1, 500)});
  const auto ids = [this](std::uint64_t id, std::size_t most) {
    std::vector<std::uint64_t> found;
    for (const StoredEvent& each : must(store_->events_since(id, most))) found.push_back(each.id);
    return found;
  };
  EXPECT_THAT(ids(0, 9), ElementsAre(5, 7, 9));
  EXPECT_THAT(ids(5, 9), ElementsAre(7, 9));
  EXPECT_THAT(ids(0, 2), ElementsAre(5, 7));
  EXPECT_THAT(ids(9, 9), IsEmpty());
  EXPECT_EQ(must(store_->events_since(5, 1)).front().event, event(7, 2, 100).event);
}

TEST_P(StoreConformance, AFaultIsOpenUntilItEnds) {
  using enum journal::EventKind;
  const std::vector<StoredEvent> history{
      event(1, 7, 100, kFaultBegan, "a"), event(2, 7, 110, kFaultBegan, "b"),
      event(3, 8, 120, kFaultBegan, "a"), event(4, 7, 130, kFaultEnded, "a"),
      event(5, 8, 140, kFaultBegan, "a"), event(6, 7, 150, kOffline)};
  write_events(history);
  EXPECT_THAT(open_faults(), ElementsAre("2 fault.began b", "5 fault.began a"));
  write_events(history);
  EXPECT_THAT(open_faults(), ElementsAre("2 fault.began b", "5 fault.began a")) << "read again";
  write_events({event(7, 7, 160, kFaultBegan, "a"), event(8, 7, 160, kFaultEnded, "b")});
  EXPECT_THAT(open_faults(), ElementsAre("5 fault.began a", "7 fault.began a"));
}

TEST_P(StoreConformance, TheAuditIsReadNewestFirstAndEachEntryIsStoredOnce) {
  write_audit(9, "b");
  write_audit(4, "a");
  write_audit(12, "c");
  write_audit(9, "again");
  EXPECT_THAT(audit(*store_), ElementsAre("12 c", "9 b", "4 a"));
  Lines newest;
  must(store_->each_audit([&](const AuditRow& row) {
    EXPECT_FALSE(row.damaged);
    newest.push_back(row.entry);
    return newest.size() < 2;
  }));
  EXPECT_THAT(newest, ElementsAre("c", "b"));
}

TEST_P(StoreConformance, WhatIsAppliedNeverGoesBack) {
  apply(5);
  apply(3);
  EXPECT_EQ(must(store_->applied()), Positions::everywhere(5));
  apply(6);
  EXPECT_EQ(must(store_->applied()), Positions::everywhere(6));
}

TEST_P(StoreConformance, PositionsThatDifferAreKeptEachByItself) {
  apply(5);
  Positions differing = Positions::everywhere(5);
  differing.advance(Partition{3}, 15);
  differing.advance(Partition{63}, 7);
  Changes changes;
  changes.applied = differing;
  must(store_->write(changes));
  EXPECT_EQ(must(store_->applied()), differing);
  apply(8);
  differing = Positions::everywhere(8);
  differing.advance(Partition{3}, 15);
  EXPECT_EQ(must(store_->applied()), differing);
  EXPECT_TRUE(must(store_->has_taken(kHour, 8)));
  EXPECT_FALSE(must(store_->has_taken(kHour, 9))) << "not all partitions have it";
}

TEST_P(StoreConformance, RecordsOfAnHourAreTakenUpToItsOwnOrAllThatIsApplied) {
  const DeviceHour other{.device = 2, .hour = 10};
  Changes changes;
  changes.hours = {{.of = kHour, .chunks = {"a"}, .taken = 7},
                   {.of = other, .chunks = {"b"}, .taken = 9},
                   {.of = {.device = 3, .hour = 10}, .chunks = {"c"}}};
  must(store_->write(changes));
  EXPECT_THAT(must(store_->taken()).of, UnorderedElementsAre(Pair(kHour, 7U), Pair(other, 9U)));
  EXPECT_TRUE(must(store_->has_taken(kHour, 7)));
  EXPECT_FALSE(must(store_->has_taken(kHour, 8)));
  apply(8);
  EXPECT_THAT(must(store_->taken()).of, ElementsAre(Pair(other, 9U)));
  EXPECT_TRUE(must(store_->has_taken(kHour, 8)));
  EXPECT_FALSE(must(store_->has_taken(kHour, 9)));
  EXPECT_TRUE(must(store_->has_taken(other, 9)));
  EXPECT_TRUE(must(store_->has_taken({.device = 9, .hour = 1}, 8)));
  EXPECT_TRUE(must(store_->taken()).is_known);
}

TEST_P(StoreConformance, ASnapshotIsOfOneMoment) {
  must(store_->write(some_changes()));
  const auto reader = must(stores_->open_reader());
  {
    const auto snapshot = must(reader->snapshot());
    EXPECT_THAT(chunks(*reader, 1), ElementsAre("10 a", "10 b"));
    write_hour(kHour, {"c"}, true);
    write_energies(kHour, "new");
    write_audit(3, "{}");
    EXPECT_THAT(chunks(*reader, 1), ElementsAre("10 a", "10 b"));
    EXPECT_THAT(energies(*reader, 1), ElementsAre("10 e"));
    EXPECT_THAT(audit(*reader), ElementsAre(R"(2 {"at":1})"));
    EXPECT_THAT(must(reader->hours_without_energies(1, 0, kLastHour)), ElementsAre(10));
    EXPECT_THAT(chunks(*store_, 1), ElementsAre("10 c")) << "the writer is not held up";
  }
  EXPECT_THAT(chunks(*reader, 1), ElementsAre("10 c"));
  auto snapshot = must(reader->snapshot());
  const auto moved = std::move(snapshot);
  EXPECT_THAT(energies(*reader, 1), ElementsAre("10 new"));
  write_energies(kHour, "newer");
  EXPECT_THAT(energies(*reader, 1), ElementsAre("10 new"));
}

TEST_P(StoreConformance, OneReadIsOfOneMomentWithoutASnapshot) {
  write_hour(kHour, {"a", "b"}, false);
  const auto reader = must(stores_->open_reader());
  Lines read;
  must(reader->each_chunk(1, 0, kLastHour, [&](std::int64_t, std::string_view bytes) {
    if (read.empty()) write_hour(kHour, {"c"}, true);
    read.emplace_back(bytes);
    return Status();
  }));
  EXPECT_THAT(read, ElementsAre("a", "b"));
  EXPECT_THAT(chunks(*reader, 1), ElementsAre("10 c"));
}

// The energies of each moment are those of its only chunk.
TEST_P(StoreConformance, ReadersOnOtherThreadsSeeWholeChanges) {
  constexpr int kChanges = 100;
  std::atomic<bool> ended = false;
  const std::array readers = {must(stores_->open_reader()), must(stores_->open_reader())};
  std::vector<std::jthread> threads;
  threads.reserve(readers.size());
  for (const auto& reader : readers) {
    threads.emplace_back([&ended, &store = *reader] {
      bool is_last = false;
      while (!is_last) {
        is_last = ended;
        const auto snapshot = must(store.snapshot());
        const Lines in_chunk = chunks(store, 1);
        EXPECT_EQ(in_chunk, energies(store, 1));
        if (is_last) {
          EXPECT_THAT(in_chunk, ElementsAre("10 " + std::to_string(kChanges)));
        }
      }
    });
  }
  for (int i = 1; i <= kChanges; ++i) {
    Changes changes;
    changes.hours.push_back({.of = kHour, .chunks = {std::to_string(i)}, .over = true});
    changes.energies.push_back({.of = kHour, .bytes = std::to_string(i)});
    EXPECT_TRUE(store_->write(changes));
  }
  ended = true;
}

}  // namespace
}  // namespace gridloom::history
