// Tests that log records become blocks of hours: in time, in chunks, late, duplicated, and after a
// crash.
#include "history/builder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "history/blocks/test_lines.h"
#include "history/sqlite/test_folder_stores.h"
#include "testing/must.h"

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{Millis(1'700'000'000'000 / kHour_ms * kHour_ms)};  // start of an hour
constexpr std::int64_t kFirst = 1'700'000'000'000 / kHour_ms;

struct Row {
  DeviceNumber device = 1;
  Millis after{0};  // after kStart
  std::string_view name = "a";
  std::string value = "1";
};

class BuilderTest : public testing::Test {
 protected:
  BuilderTest() { open(); }

  // Simulates a start: data that were not stored are lost.
  void open() {
    builder_.reset();
    store_.reset();
    store_ = must(stores_->open()).store;
    names_.emplace(must(store_->names()));
    builder_ = must(Builder::make(*store_, *names_, options_));
  }
  std::string batch(const std::vector<Row>& rows) {
    journal::BatchWriter writer;
    for (const Row& row : rows) {
      writer.begin(row.device, unix_ms(kStart + row.after));
      writer.add(row.name, row.value);
      writer.end();
    }
    return writer.take();
  }
  void take(const std::vector<Row>& rows) {
    must(builder_->take(++sequence_, journal::RecordKind::kReports, batch(rows)));
  }
  void store(Millis after, Builder::Amount what = Builder::Amount::kSlice) {
    must(builder_->store(kStart + after, what));
    while (builder_->is_due(kStart + after)) must(builder_->store(kStart + after, what));
    must(builder_->checkpoint({}));
  }
  // Returns "hour: ms name=value" for each row in the store, block after block.
  std::vector<std::string> stored(DeviceNumber device = 1) {
    std::vector<std::string> lines;
    must(store_->each_chunk(device, kFirst - 100, kFirst + 100,
                            [&](std::int64_t hour, std::string_view bytes) {
                              lines.push_back(fmt::format("{}:", hour - kFirst));
                              for (std::string& row : rows_of(bytes, *names_, unix_ms(kStart))) {
                                lines.push_back(std::move(row));
                              }
                              return Status();
                            }));
    return lines;
  }

  using Lines = std::vector<std::string>;
  std::shared_ptr<StoreFactory> stores_ = folder_store_factory();
  Builder::Options options_{};
  std::unique_ptr<Store> store_;
  std::optional<FieldNames> names_;
  std::unique_ptr<Builder> builder_;
  std::uint64_t sequence_ = 0;
};

TEST_F(BuilderTest, AnHourIsStoredOnceItIsOver) {
  take({{.after = 1s}, {.after = 2s, .value = "2.5"}});
  EXPECT_FALSE(builder_->is_due(kStart + 61min));
  EXPECT_TRUE(builder_->is_due(kStart + 62min));
  store(62min);
  EXPECT_EQ(stored(), (Lines{"0:", "1000 a=1", "2000 a=2.5"}));
  EXPECT_EQ(builder_->applied(), 1);
  EXPECT_FALSE(builder_->is_due(kStart + 62min));
  EXPECT_EQ(builder_->head_blocks().bytes(), 0);
}

TEST_F(BuilderTest, TheLogIsNeededForTheHourThatIsNotOver) {
  take({{.after = 1s}});
  take({{.after = 59min}, {.after = 61min}});
  take({{.after = 62min}});
  store(62min);
  EXPECT_EQ(stored(), (Lines{"0:", "1000 a=1", "3540000 a=1"}));
  EXPECT_EQ(builder_->applied(), 1) << "the second record has a row of the next hour";
}

TEST_F(BuilderTest, RecordsReadAgainAfterACrashAreStoredOnce) {
  take({{.after = 1s}});
  take({{.after = 59min}, {.after = 61min}});
  store(62min);
  open();
  sequence_ = builder_->applied();
  take({{.after = 59min}, {.after = 61min}});
  store(122min);
  EXPECT_EQ(stored(), (Lines{"0:", "1000 a=1", "3540000 a=1", "1:", "3660000 a=1"}));
  EXPECT_EQ(builder_->applied(), 2);
}

TEST_F(BuilderTest, LateReportsJoinTheirHourAndWaitForEachOther) {
  take({{.after = 1s}});
  store(62min);
  take({{.after = 30s}});
  EXPECT_FALSE(builder_->is_due(kStart + 62min + 59s));
  EXPECT_TRUE(builder_->is_due(kStart + 63min));
  store(63min);
  EXPECT_EQ(stored(), (Lines{"0:", "1000 a=1", "30000 a=1"}));
}

TEST_F(BuilderTest, StoppingStoresEverythingAndTheHourIsMergedLater) {
  take({{.after = 1s}});
  store(10min, Builder::Amount::kEverything);
  EXPECT_EQ(builder_->applied(), 1);
  EXPECT_EQ(stored(), (Lines{"0:", "1000 a=1"}));
  open();
  take({{.after = 20min}});
  store(30min, Builder::Amount::kEverything);
  EXPECT_EQ(stored(), (Lines{"0:", "1000 a=1", "0:", "1200000 a=1"}));
  open();
  EXPECT_FALSE(builder_->is_due(kStart + 61min));
  EXPECT_TRUE(builder_->is_due(kStart + 62min));
  store(62min);
  EXPECT_EQ(stored(), (Lines{"0:", "1000 a=1", "1200000 a=1"}));
}

// A row may contain a field twice, as its report did; a block does not.
TEST_F(BuilderTest, ARowWithAFieldTwiceIsKnownAgainAfterAStop) {
  const auto twice = [this](Millis after, bool resent) {
    journal::BatchWriter writer;
    writer.begin(1, unix_ms(kStart + after));
    writer.add("a", "1");
    writer.add("a", "2");
    if (resent) writer.add(journal::kResent, "1");
    writer.end();
    must(builder_->take(++sequence_, journal::RecordKind::kReports, writer.take()));
  };
  twice(1min, false);
  store(2min, Builder::Amount::kEverything);
  open();
  twice(1min, true);
  store(62min);
  EXPECT_EQ(stored(), (Lines{"0:", "60000 a=2"}));
}

TEST_F(BuilderTest, AReportThatIsSentAgainIsFoundBehindADamagedPart) {
  Changes damaged;
  damaged.hours.push_back({.of = {.device = 1, .hour = kFirst}, .chunks = {"GR\x01 nonsense"}});
  must(store_->write(damaged));
  take({{.after = 50min}});
  store(51min, Builder::Amount::kEverything);
  open();
  journal::BatchWriter writer;
  writer.begin(1, unix_ms(kStart + 50min));
  writer.add("a", "1");
  writer.add(journal::kResent, "1");
  writer.end();
  must(builder_->take(++sequence_, journal::RecordKind::kReports, writer.take()));
  EXPECT_EQ(builder_->head_blocks().bytes(), 0);
}

TEST_F(BuilderTest, ADamagedPartStaysAsItIsAndTheRestCanBeRead) {
  take({{.after = 1s}});
  store(10min, Builder::Amount::kEverything);
  Changes damaged;
  damaged.hours.push_back({.of = {.device = 1, .hour = kFirst}, .chunks = {"GR\x01 nonsense"}});
  must(store_->write(damaged));
  take({{.after = 20min}});
  store(62min);
  std::vector<std::size_t> sizes;
  must(store_->each_chunk(1, kFirst, kFirst + 1, [&](std::int64_t, std::string_view chunk) {
    const auto blocks = merge(std::span(&chunk, 1));
    sizes.push_back(blocks ? blocks->size() : 0);
    return Status();
  }));
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 0, 1}));
  EXPECT_FALSE(builder_->is_due(kStart + 62min)) << "it is not tried for ever";
}

TEST_F(BuilderTest, MuchInMemoryIsStoredInParts) {
  options_.head_bytes = 1000;
  open();
  for (int i = 0; i < 100; ++i) take({{.after = Millis(1000 * i)}});
  EXPECT_TRUE(builder_->is_due(kStart + 2min));
  store(2min);
  EXPECT_LT(builder_->head_blocks().bytes(), 500);
  EXPECT_EQ(builder_->applied(), 100);
  take({{.after = 30min}});
  store(62min);
  const Lines lines = stored();
  EXPECT_EQ(lines.size(), 102) << "one block";
}

TEST_F(BuilderTest, AReportThatIsSentAgainStandsThereOnce) {
  const auto again = [this](Millis after, std::string_view value) {
    journal::BatchWriter writer;
    writer.begin(1, unix_ms(kStart + after));
    writer.add("a", value);
    writer.add(journal::kResent, "1");
    writer.end();
    must(builder_->take(++sequence_, journal::RecordKind::kReports, writer.take()));
  };
  take({{.after = 1s, .value = "1"}, {.after = 2s, .value = "2"}});
  again(1s, "1");
  again(3s, "1");  // same value at another time: another report
  again(2s, "2");
  again(17min, "3");  // not received before
  store(122min);
  EXPECT_EQ(stored(), (Lines{"0:", "1000 a=1", "2000 a=2", "3000 a=1", "1020000 a=3"}));
}

TEST_F(BuilderTest, AReportThatIsSentAgainAfterAStopStandsThereOnce) {
  const auto again = [this](Millis after, std::string_view value) {
    journal::BatchWriter writer;
    writer.begin(1, unix_ms(kStart + after));
    writer.add("a", value);
    writer.add("b", R"("text")");
    writer.add(journal::kResent, "1");
    writer.end();
    must(builder_->take(++sequence_, journal::RecordKind::kReports, writer.take()));
  };
  journal::BatchWriter writer;
  writer.begin(1, unix_ms(kStart + 58min));
  writer.add("b", R"("text")");
  writer.add("a", "1.50");
  writer.end();
  must(builder_->take(++sequence_, journal::RecordKind::kReports, writer.take()));
  store(59min, Builder::Amount::kEverything);
  open();
  again(58min, "1.5");
  again(61min, "2");
  store(61min, Builder::Amount::kEverything);
  EXPECT_EQ(stored(), (Lines{"0:", R"(3480000 b="text" a=1.5)", "1:", R"(3660000 b="text" a=2)"}));
}

// Each report has different fields, so that most of the shapes get no number.
TEST_F(BuilderTest, ReportsOfThousandsOfShapesAreKept) {
  constexpr int kReports = 3000;
  const auto report = [](journal::BatchWriter& writer, int number) {
    writer.begin(1, unix_ms(kStart) + number);
    if (number == 0) {
      for (int i = 0; i < 2000; ++i) writer.add("many." + std::to_string(i), std::to_string(i));
    }
    writer.add("f" + std::to_string(number), std::to_string(number));
    writer.add("f" + std::to_string(number % 7), "null");
  };
  journal::BatchWriter writer;
  for (int i = 0; i < kReports; ++i) {
    report(writer, i);
    writer.end();
  }
  must(builder_->take(++sequence_, journal::RecordKind::kReports, writer.take()));
  for (const int number : {0, 10, kReports - 1}) {
    report(writer, number);
    writer.add(journal::kResent, "1");
    writer.end();
  }
  must(builder_->take(++sequence_, journal::RecordKind::kReports, writer.take()));
  store(62min);
  const Lines lines = stored();
  ASSERT_EQ(lines.size(), 1U + kReports);
  EXPECT_EQ(std::ranges::count(lines[1], '='), 2001);
  EXPECT_EQ(lines[11], "10 f3=null f10=10");
  EXPECT_EQ(lines.back(), "2999 f3=null f2999=2999");
}

// The log is valid but one record in it is not: the records around it are kept.
TEST_F(BuilderTest, AReportWhoseValuesAreNotThoseOfItsFieldsIsLeftOut) {
  take({{.after = 1s, .value = "1"}});
  std::string bytes = batch({{.after = 2s, .value = "2"}, {.after = 3s, .value = "3"}});
  bytes.back() = static_cast<char>(0x83);  // the second byte of the number is missing
  must(builder_->take(++sequence_, journal::RecordKind::kReports, bytes));
  take({{.after = 4s, .value = "4"}});
  store(62min);
  EXPECT_EQ(stored(), (Lines{"0:", "1000 a=1", "2000 a=2", "4000 a=4"}));
}

TEST_F(BuilderTest, WorkIsDoneInSlicesOldestFirst) {
  options_.head_bytes = 20'000;
  open();
  for (DeviceNumber device = 1; device <= 1000; ++device) {
    take({{.device = 1001 - device, .value = R"("0123456789")"}});
  }
  EXPECT_TRUE(builder_->is_due(kStart));
  const std::size_t before = builder_->head_blocks().bytes();
  ASSERT_GT(before, options_.head_bytes);
  must(builder_->store(kStart, Builder::Amount::kSlice));
  EXPECT_LT(builder_->head_blocks().bytes(), before);
  EXPECT_TRUE(stored(1).empty());
  EXPECT_FALSE(stored(1000).empty()) << "the log was kept for it longest";
  EXPECT_TRUE(builder_->wants_checkpoint());
  must(builder_->checkpoint({}));
  EXPECT_EQ(builder_->applied(), 256);
  EXPECT_FALSE(builder_->wants_checkpoint());
  while (builder_->is_due(kStart)) must(builder_->store(kStart, Builder::Amount::kSlice));
  EXPECT_LE(builder_->head_blocks().bytes(), options_.head_bytes / 2);
  EXPECT_GT(builder_->head_blocks().bytes(), 0);
}

TEST_F(BuilderTest, DevicesDoNotMix) {
  take({{.device = 1, .value = "1"}, {.device = 2, .value = "2"}, {.device = 1, .value = "3"}});
  store(62min);
  EXPECT_EQ(stored(1), (Lines{"0:", "0 a=1", "0 a=3"}));
  EXPECT_EQ(stored(2), (Lines{"0:", "0 a=2"}));
}

TEST_F(BuilderTest, NamesKeepTheirNumbers) {
  take({{.name = "b"}, {.name = "a"}});
  store(62min);
  open();
  take({{.after = 1h, .name = "c"}, {.after = 1h, .name = "a"}});
  store(122min);
  EXPECT_EQ(must(store_->names()), (Lines{"b", "a", "c"}));
  EXPECT_EQ(stored(), (Lines{"0:", "0 b=1", "0 a=1", "1:", "3600000 c=1", "3600000 a=1"}));
}

TEST_F(BuilderTest, TheAuditIsKeptInMemoryAndThenInTheStore) {
  must(builder_->take(++sequence_, journal::RecordKind::kAudit, R"({"what":"set"})"));
  EXPECT_EQ(builder_->readable().audit().size(), 1);
  store(1s);
  EXPECT_TRUE(builder_->readable().audit().empty());
  EXPECT_EQ(builder_->applied(), 1);
  Lines entries;
  must(store_->each_audit([&](const AuditRow& row) {
    entries.push_back(fmt::format("{} {}", row.sequence, row.entry));
    return true;
  }));
  EXPECT_EQ(entries, (Lines{R"(1 {"what":"set"})"}));
}

TEST_F(BuilderTest, EventsAreKeptInMemoryAndThenInTheStore) {
  using enum journal::EventKind;
  const auto take_events = [&](std::vector<journal::DeviceEvent> events) {
    return builder_->take(++sequence_, journal::RecordKind::kEvents, journal::make_events(events));
  };
  const auto open_faults = [&] {
    Lines lines;
    for (const StoredEvent& each : builder_->readable().open_faults(must(store_->open_faults()))) {
      lines.push_back(fmt::format("{} {}", each.event.device, each.event.field));
    }
    return lines;
  };
  must(take_events({{.device = 1, .kind = kFaultBegan, .field = "a"},
                    {.device = 1, .kind = kFaultBegan, .field = "b"}}));
  EXPECT_EQ(open_faults(), (Lines{"1 a", "1 b"}));
  store(1s);
  EXPECT_TRUE(builder_->readable().events().empty());
  EXPECT_EQ(builder_->applied(), 1);
  EXPECT_EQ(must(store_->open_faults()).size(), 2);
  must(take_events({{.device = 1, .kind = kFaultEnded, .field = "a"},
                    {.device = 2, .kind = kFaultBegan, .field = "a"}}));
  EXPECT_EQ(open_faults(), (Lines{"1 b", "2 a"})) << "the store does not have the last ones";
  builder_->purge(2);
  EXPECT_EQ(open_faults(), (Lines{"1 b"}));
  EXPECT_FALSE(builder_->take(++sequence_, journal::RecordKind::kEvents, "no events"));
}

TEST_F(BuilderTest, ARecordThatIsNoBatchIsLeftOut) {
  const Status taken = builder_->take(++sequence_, journal::RecordKind::kReports, "nonsense");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kMalformed);
  take({{.after = 1s}});
  store(62min);
  EXPECT_EQ(stored(), (Lines{"0:", "1000 a=1"}));
}

TEST_F(BuilderTest, EnergiesAreMadeOfAnHourAndTheOneBefore) {
  Lines accounted;
  int count = 0;
  options_.integrate.of_hour = [&](const DeviceHour& of, const HourBefore& before,
                                   const Block& block, const FieldNames&) {
    const std::size_t rows = before.block == nullptr ? 0 : before.block->rows();
    accounted.push_back(
        fmt::format("{} {}+{} {}", of.hour - kFirst, rows, block.rows(), before.energies));
    return fmt::format("energies {}", ++count);
  };
  open();
  take({{.after = 1s}, {.after = 2s}, {.after = 61min}});
  store(62min);
  EXPECT_EQ(std::exchange(accounted, {}), (Lines{"0 0+2 "}));
  store(122min);
  EXPECT_EQ(std::exchange(accounted, {}), (Lines{"1 2+1 energies 1"}));
  // A late report changes the state in which the next hour began.
  take({{.after = 59min}});
  store(125min);
  EXPECT_EQ(std::exchange(accounted, {}), (Lines{"0 0+3 ", "1 3+1 energies 3"}));
}

TEST_F(BuilderTest, TwinsAndTheirMarkAreStoredTogether) {
  take({{.after = 1s}});
  must(builder_->store(kStart + 1min, Builder::Amount::kEverything));
  EXPECT_EQ(must(store_->applied()), journal::Positions::everywhere(0));
  must(builder_->checkpoint({{.device = 1, .sn = "R331", .text = "{}"}}));
  const auto twins = must(store_->twins());
  ASSERT_EQ(twins.size(), 1);
  EXPECT_EQ(twins[0].sn, "R331");
  EXPECT_EQ(must(store_->applied()), journal::Positions::everywhere(1));
}

}  // namespace
}  // namespace gridloom::history
