// Each row of the log is in history once, however often its record is taken: any sequence of bursts
// of equal reports, of hours that are stored in parts or as blocks, and of crashes, against a
// model.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "history/builder.h"
#include "history/reader.h"
#include "history/series/series.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "storage/files.h"
#include "storage/sqlite.h"
#include "testing/clock.h"
#include "testing/dice.h"
#include "testing/failing_reads.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

constexpr Builder::Amount kEverything = Builder::Amount::kEverything;
constexpr std::int64_t kFirst = 1'700'000'000'000 / kHour_ms;
constexpr std::int64_t kStart_ms = kFirst * kHour_ms;
constexpr std::int64_t kEnd_ms = kStart_ms + 10 * kHour_ms;
constexpr std::int64_t kDevices = 3;

struct Row {
  std::int64_t at_ms = 0;
  std::int64_t value = 0;
  friend bool operator==(const Row&, const Row&) = default;
};

// Those of one time keep their order.
std::vector<Row> by_time(const std::vector<Row>& rows) {
  std::multimap<std::int64_t, Row> sorted;
  for (const Row& row : rows) sorted.emplace(row.at_ms, row);
  std::vector<Row> all;
  for (const auto& [at_ms, row] : sorted) all.push_back(row);
  return all;
}

class ExactlyOnceTest : public testing::Test {
 protected:
  ExactlyOnceTest() { open(); }

  // A crash.
  void close() {
    reader_.reset();
    builder_.reset();
    store_.reset();
  }
  // A start after a crash: what is in the log and was not applied is taken again.
  Status start() {
    close();
    GL_TRY(auto opened, stores_->open());
    store_ = std::move(opened.store);
    GL_TRY(auto names, store_->names());
    names_.emplace(std::move(names));
    GL_TRY(auto builder, Builder::make(*store_, *names_, {}));
    builder_ = std::move(builder);
    for (std::uint64_t sequence = builder_->applied() + 1; sequence <= log_.size(); ++sequence) {
      must(builder_->take(sequence, journal::RecordKind::kReports, log_[sequence - 1]));
    }
    return builder_->settle();
  }
  void open() {
    must(storage::make_data_folder(folder_.data()));
    must(start());
    shared_ = {.names = &*names_, .builder = builder_.get(), .clock = &clock_};
    reader_.emplace(shared_, must(stores_->open_reader()));
  }
  // One record with reports of any devices.
  void report(const std::vector<std::pair<DeviceNumber, Row>>& rows) {
    journal::BatchWriter writer;
    for (const auto& [device, row] : rows) {
      writer.begin(device, row.at_ms);
      writer.add("a", std::to_string(row.value));
      writer.end();
      model_[static_cast<std::size_t>(device)].push_back(row);
    }
    log_.push_back(writer.take());
    must(builder_->take(log_.size(), journal::RecordKind::kReports, log_.back()));
  }
  // Stores hours as rows or, if they are over, as blocks, and forgets to say so.
  void store(std::int64_t at_ms, Builder::Amount amount) {
    must(builder_->store(TimePoint(Millis(at_ms)), amount));
  }
  void run_sql(const std::string& sql) {
    auto database = must(storage::Database::open(folder_.data() / "history.db"));
    must(database.run(sql));
  }

  std::vector<Row> read(DeviceNumber device) {
    std::vector<Row> rows;
    must(reader_->each_block(device, kFirst, kFirst + 10, [&](std::int64_t, const Block& block) {
      return block.each_row([&](std::int64_t at_ms, std::span<const Sample> samples) {
        rows.push_back({.at_ms = at_ms, .value = samples.front().value.number.digits});
      });
    }));
    return rows;
  }
  double aggregate(DeviceNumber device, Aggregate aggregate) {
    const EachBlock blocks = [&](std::int64_t from, std::int64_t to,
                                 const OnHourBlock& on_block) -> Result<bool> {
      BlockWalk walk({.device = device, .from = from, .to = to});
      while (!walk.done()) must(walk.read(*reader_, on_block.block, on_block.again));
      return true;
    };
    Series series({.fields = {names_->find("a").value_or(0)},
                   .from_ms = kStart_ms,
                   .to_ms = kEnd_ms,
                   .step_ms = 24 * kHour_ms,
                   .aggregate = aggregate});
    std::vector<std::vector<SeriesPoint>> points(1);
    while (!series.done()) must(series.read(blocks, {}, points));
    double sum = 0;
    for (const SeriesPoint& point : points[0]) {
      if (aggregate == Aggregate::kLast && point.number) sum = *point.number;
      if (aggregate != Aggregate::kLast) sum += point.number.value_or(0);
    }
    return sum;
  }
  // History has the model's rows: those of one time in the order in which they came.
  void look() {
    for (DeviceNumber device = 1; device < kDevices; ++device) {
      const std::vector<Row> expected = by_time(model_[static_cast<std::size_t>(device)]);
      ASSERT_EQ(by_time(read(device)), expected);  // chunks of one hour may overlap in time
      if (expected.empty()) continue;
      double sum = 0;
      for (const Row& row : expected) sum += static_cast<double>(row.value);
      ASSERT_EQ(aggregate(device, Aggregate::kCount), static_cast<double>(expected.size()));
      ASSERT_EQ(aggregate(device, Aggregate::kSum), sum);
      ASSERT_EQ(aggregate(device, Aggregate::kLast), static_cast<double>(expected.back().value));
    }
  }

  TemporaryFolder folder_;
  TestClock clock_;
  std::shared_ptr<StoreFactory> stores_ = sqlite_store_factory(folder_.data());
  std::unique_ptr<Store> store_;
  std::optional<FieldNames> names_;
  std::unique_ptr<Builder> builder_;
  Reader::Shared shared_;
  std::optional<Reader> reader_;
  std::vector<std::string> log_;
  std::vector<std::vector<Row>> model_{kDevices};
};

TEST_F(ExactlyOnceTest, WhateverIsStoredAndHoweverOftenItCrashes) {
  for (int round = 0; round < 20; ++round) {
    Dice dice(70 + static_cast<std::uint64_t>(round));
    std::int64_t now_ms = kStart_ms;
    for (int step = 0; step < 40; ++step) {
      std::vector<std::pair<DeviceNumber, Row>> rows;
      for (std::size_t left = 1 + dice.below(40); left > 0; --left) {
        // Most in one millisecond, some with a time of their own, which may be in an hour that is
        // stored already.
        const std::int64_t late_ms = dice.once_in(4) ? dice.between(0, 20) * 60'000 : 0;
        rows.push_back(
            {dice.between(1, kDevices - 1),
             {.at_ms = std::max(kStart_ms, now_ms - late_ms), .value = dice.between(0, 1)}});
      }
      report(rows);
      if (dice.once_in(3)) now_ms = std::min(now_ms + dice.between(0, 10) * 60'000, kEnd_ms - 1);
      if (dice.once_in(4)) store(now_ms, Builder::Amount::kSlice);
      if (dice.once_in(6)) store(now_ms, kEverything);
      if (dice.once_in(5)) must(builder_->checkpoint({}));
      if (dice.once_in(4)) open();
      if (dice.once_in(8)) ASSERT_NO_FATAL_FAILURE(look()) << round << ' ' << step;
    }
    ASSERT_NO_FATAL_FAILURE(look()) << round;
    store(kEnd_ms + 2 * kHour_ms, kEverything);
    ASSERT_NO_FATAL_FAILURE(look()) << round;
    must(builder_->checkpoint({}));
    run_sql("DELETE FROM block; DELETE FROM energy_hour");
    log_.resize(builder_->applied());
    open();
    for (auto& rows : model_) rows.clear();
  }
}

// What the log still has is compared with the stored rows.
TEST_F(ExactlyOnceTest, AFolderThatCannotTellWhatItHasIsComparedOnce) {
  for (const std::string sql :
       {"UPDATE taken SET record = record + 1", "UPDATE taken SET checksum = 1 WHERE device = 1"}) {
    SCOPED_TRACE(sql);
    const std::int64_t at_ms = kStart_ms + static_cast<std::int64_t>(log_.size()) * 1000;
    report({{2, {at_ms, 5}}});
    report({{1, {at_ms, 0}}, {1, {at_ms + 1, 1}}, {1, {at_ms + 2, 0}}});
    store(at_ms, kEverything);
    run_sql(sql);
    report({{1, {at_ms + 3, 1}}});
    open();
    ASSERT_NO_FATAL_FAILURE(look());
    store(at_ms, Builder::Amount::kSlice);
    EXPECT_EQ(builder_->head_blocks().bytes(), 0U) << "so that it can tell again";
    EXPECT_TRUE(must(store_->taken()).is_known);
    report({{1, {at_ms + 3, 1}}, {1, {at_ms + 3, 1}}});
    open();
    ASSERT_NO_FATAL_FAILURE(look());
    must(builder_->checkpoint({}));
  }
}

TEST_F(ExactlyOnceTest, AStartThatTheDiskRefusesAReadOfDoublesNothing) {
  for (int i = 0; i < 300; ++i) report({{1, {kStart_ms + i, i}}, {2, {kStart_ms + i, i}}});
  store(kStart_ms, kEverything);
  report({{1, {kStart_ms + 300, 300}}});
  bool has_failed = true;
  for (std::uint64_t at = 1; has_failed; ++at) {
    run_sql("INSERT OR REPLACE INTO taken VALUES (0, 0, -1, 1)");
    {
      const FailingReads reads({.at = at, .times = FailingReads::kForEver});
      const Status started = start();
      if (started) static_cast<void>(builder_->store(TimePoint(Millis(kStart_ms)), kEverything));
      if (!started) EXPECT_EQ(started.error().code, ErrorCode::kIo) << started.error().detail;
      close();
      has_failed = reads.has_failed();
    }
    open();
    ASSERT_NO_FATAL_FAILURE(look()) << at;
  }
}

// A walk stops within an hour while rows of it are in memory: these are stored behind the chunk
// that was read, or all of the hour becomes a block.
TEST_F(ExactlyOnceTest, RowsThatAreStoredWhileTheyAreRead) {
  for (const bool as_block : {false, true}) {
    const std::int64_t hour = kFirst + (as_block ? 1 : 0);
    const std::int64_t at_ms = hour * kHour_ms;
    journal::BatchWriter writer;
    writer.begin(1, at_ms);
    writer.add("a", "1");
    writer.add("text", '"' + std::string(2 * BlockWalk::kBytesAtOnce, 'x') + '"');
    writer.end();
    log_.push_back(writer.take());
    must(builder_->take(log_.size(), journal::RecordKind::kReports, log_.back()));
    store(at_ms, kEverything);
    report({{1, {at_ms, 1}}, {1, {at_ms, 1}}, {1, {at_ms + 1, 1}}});

    std::size_t rows = 0;
    bool again = false;
    BlockWalk walk({.device = 1, .from = hour, .to = hour + 1});
    const auto go_on = [&] {
      must(walk.read(
          *reader_,
          [&](std::int64_t, const Block& block) {
            rows += block.rows();
            return Status();
          },
          [&](std::int64_t) {
            rows = 0;
            again = true;
          }));
    };
    go_on();
    ASSERT_FALSE(walk.done());
    EXPECT_EQ(rows, 1U);
    store(as_block ? kEnd_ms : at_ms, kEverything);
    EXPECT_EQ(builder_->head_blocks().bytes(), 0U);
    while (!walk.done()) go_on();
    EXPECT_EQ(rows, 4U);
    EXPECT_EQ(again, as_block);
  }
}

}  // namespace
}  // namespace gridloom::history
