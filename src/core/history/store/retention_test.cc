// The suite of retention over any storage: the removal and rollup of old data, the purge of deleted
// devices, and clocks that are wrong.
#include "history/store/retention.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/blocks/rollup.h"
#include "history/blocks/rows.h"
#include "history/store/test_store_suite.h"

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::hours kDay{24};

TimePoint at_hour(std::int64_t hour) { return TimePoint(Millis(hour * kHour_ms)); }

std::string block_of(std::int64_t hour, double value) {
  BlockWriter writer;
  for (std::int64_t i = 0; i < 6; ++i) {
    const std::vector<Sample> samples = {
        {.field = 0, .value = value_of(fmt::format("{}", value + static_cast<double>(i)))}};
    writer.add(hour * kHour_ms + i * 600'000, samples);
  }
  return writer.finish();
}

}  // namespace

void RetentionTest::put(DeviceNumber device, std::int64_t hour) {
  put(device, hour, block_of(hour, 1));
}

RetentionTest::Hours RetentionTest::blocks(DeviceNumber device) {
  Hours hours;
  must(store_->each_chunk(device, 0, kLastHour, [&](std::int64_t hour, std::string_view) {
    hours.push_back(hour - kFirst);
    return Status();
  }));
  return hours;
}

RetentionTest::Hours RetentionTest::quarters(DeviceNumber device) {
  Hours hours;
  must(store_->each_rollup(device, 0, kLastHour, [&](std::int64_t hour, std::string_view bytes) {
    EXPECT_TRUE(read_rollups(hour, bytes));
    hours.push_back(hour - kFirst);
    return Status();
  }));
  return hours;
}

void WrongClockTest::run(std::int64_t hours) {
  for (std::int64_t i = 0; i < hours; ++i) {
    put(1, hour());
    for (int chunk = 0; chunk < 3; ++chunk) pass(20min);
  }
}

void WrongClockTest::pass(Millis span) {
  true_time_ += span;
  steady_ += span;
  work(*retention_, shown());
}

void WrongClockTest::wrong(std::int64_t hours, Millis span) {
  off_hours_ = hours;
  put(1, hour());
  for (int i = 0; i < 10; ++i) pass(span / 10);
  off_hours_ = 0;
}

namespace {

TEST_P(RetentionTest, RowsOfWhichNoBlockWasMadeBecomeQuartersAsWell) {
  const std::int64_t at_ms = kFirst * kHour_ms;
  RowsWriter writer;
  for (std::int64_t i = 0; i < 6; ++i) {
    std::string values;
    append_value(values, value_of(fmt::format("{}", i)));
    writer.add(at_ms + i * 600'000, 0, std::vector<FieldId>{0}, values);
  }
  put(1, kFirst, writer.finish());
  put(2, kFirst, block_of(kFirst, 0));
  Retention retention = open({.raw_days = 1});
  work(retention, at_hour(kFirst + 30));
  EXPECT_EQ(blocks(1), Hours{});
  std::vector<std::string> kept;
  for (const DeviceNumber device : {1, 2}) {
    must(store_->each_rollup(device, kFirst, kFirst + 1, [&](std::int64_t, std::string_view bytes) {
      kept.emplace_back(bytes);
      return Status();
    }));
  }
  ASSERT_EQ(kept.size(), 2);
  EXPECT_EQ(kept[0], kept[1]);
}

TEST_P(RetentionTest, ABlockThatIsTooOldBecomesQuarters) {
  for (std::int64_t hour = 0; hour < 4; ++hour) put(1, kFirst + hour);
  put(7, kFirst + 1);
  Retention retention = open({.raw_days = 1});
  work(retention, at_hour(kFirst + 26));
  EXPECT_EQ(blocks(1), (Hours{0, 1, 2, 3})) << "none is older than a day and two hours";
  work(retention, at_hour(kFirst + 28));
  EXPECT_EQ(blocks(1), (Hours{2, 3}));
  EXPECT_EQ(quarters(1), (Hours{0, 1}));
  EXPECT_EQ(blocks(7), Hours{});
  EXPECT_EQ(quarters(7), Hours{1});
  EXPECT_EQ(energies(*store_, 1).size(), 4) << "they stay for ever";
  EXPECT_FALSE(must(retention.work(at_hour(kFirst + 28) + 59min))) << "once an hour";
  work(retention, at_hour(kFirst + 29));
  EXPECT_EQ(blocks(1), Hours{3});
}

TEST_P(RetentionTest, QuartersSayWhatTheBlockSaid) {
  put(1, kFirst, block_of(kFirst, 2.5));
  Retention retention = open({.raw_days = 1});
  work(retention, at_hour(kFirst + 100));
  int seen = 0;
  must(store_->each_rollup(1, kFirst, kFirst + 1, [&](std::int64_t hour, std::string_view bytes) {
    const HourOfRollups all = must(read_rollups(hour, bytes));
    EXPECT_EQ(all[1].fields.at(0).count, 1);  // at 20 minutes
    EXPECT_EQ(all[1].fields.at(0).last, 4.5);
    EXPECT_EQ(all[0].fields.at(0).sum, 6);
    ++seen;
    return Status();
  }));
  EXPECT_EQ(seen, 1);
}

TEST_P(RetentionTest, ZeroIsForEver) {
  put(1, kFirst);
  Retention retention = open({.raw_days = 0});
  work(retention, at_hour(kFirst) + 10'000 * kDay);
  EXPECT_EQ(blocks(1), Hours{0});
}

TEST_P(RetentionTest, EventsAreRemovedAfterTheirRetentionAndOpenFaultsAreKept) {
  const auto at_ms = [](std::int64_t hour) { return unix_ms(at_hour(kFirst + hour)); };
  std::vector<StoredEvent> written{event(1, 7, at_ms(0), journal::EventKind::kFaultBegan, "err")};
  for (std::uint64_t i = 2; i <= 1000; ++i) {
    written.push_back(event(i, 7, at_ms(static_cast<std::int64_t>(i))));
  }
  write_events(std::move(written));
  Retention retention = open({.event_days = 10});
  work(retention, at_hour(kFirst + 240));
  EXPECT_EQ(events(*store_, 7).size(), 1000) << "none is ten days old";
  work(retention, at_hour(kFirst + 700 + 240));
  const Lines kept = events(*store_, 7);
  EXPECT_EQ(kept.size(), 302);
  EXPECT_EQ(kept[300], "700 online ");
  EXPECT_EQ(kept.back(), "1 fault.began err");
  Retention for_ever = open({.event_days = 0});
  work(for_ever, at_hour(kFirst + 1'000'000));
  EXPECT_EQ(events(*store_, 7).size(), 302);
}

TEST_P(RetentionTest, RollupsAndAuditEntriesAreRemovedAfterTheirRetention) {
  for (std::int64_t hour = 0; hour < 200; ++hour) put(1, kFirst + hour);
  Changes changes;
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    changes.audit.push_back(
        {.sequence = i,
         .entry = fmt::format(R"({{"what":"x","at":{}}})",
                              unix_ms(at_hour(kFirst + static_cast<std::int64_t>(i))))});
  }
  must(store_->write(changes));
  Retention retention = open({.raw_days = 1, .quarter_days = 4, .audit_days = 10});
  work(retention, at_hour(kFirst + 200 + 24));
  EXPECT_EQ(quarters(1).front(), 200 + 24 - 4 * 24 - 2);
  EXPECT_EQ(quarters(1).back(), 197);
  EXPECT_EQ(blocks(1), (Hours{198, 199}));
  std::size_t entries = 0;
  must(store_->each_audit([&](const AuditRow&) { return ++entries != 0; }));
  EXPECT_EQ(entries, 1000) << "none is ten days old";
  work(retention, at_hour(kFirst + 700 + 240));
  entries = 0;
  std::uint64_t last = 0;
  must(store_->each_audit([&](const AuditRow& row) {
    last = row.sequence;
    return ++entries != 0;
  }));
  EXPECT_EQ(entries, 301);
  EXPECT_EQ(last, 700);
}

TEST_P(RetentionTest, ADamagedBlockStaysAndKeepsNobodyElse) {
  put(1, kFirst, "this is no block");
  put(1, kFirst + 1);
  put(2, kFirst);
  Retention retention = open({.raw_days = 1});
  work(retention, at_hour(kFirst + 100));
  EXPECT_EQ(blocks(1), Hours{0});
  EXPECT_EQ(quarters(1), Hours{1});
  EXPECT_EQ(quarters(2), Hours{0});
}

TEST_P(RetentionTest, AForgottenDeviceLosesEverythingAndOthersNothing) {
  for (DeviceNumber device = 1; device <= 3; ++device) {
    for (std::int64_t hour = 0; hour < 100; ++hour) put(device, kFirst + hour);
    Changes changes;
    changes.twins = {{.device = device, .sn = "XX", .text = "{}"}};
    must(store_->write(changes));
  }
  Retention retention = open({.raw_days = 1});
  work(retention, at_hour(kFirst + 60));
  EXPECT_EQ(must(retention.devices()), (std::vector<DeviceNumber>{1, 2, 3}));
  retention.purge(2);
  work(retention, at_hour(kFirst + 60));
  EXPECT_EQ(must(retention.devices()), (std::vector<DeviceNumber>{1, 3}));
  EXPECT_EQ(blocks(2).size() + quarters(2).size() + energies(*store_, 2).size(), 0);
  for (const DeviceNumber device : {1, 3}) {
    EXPECT_EQ(blocks(device).size() + quarters(device).size(), 100);
    EXPECT_EQ(energies(*store_, device).size(), 100);
  }
  EXPECT_EQ(must(store_->twins()).size(), 2);
}

// The clock moves at any point, and a crash (a new Retention) follows any slice: an hour is always
// stored either as blocks or as rollups, never as both or neither.
TEST_P(RetentionTest, AnHourIsAlwaysThereOnce) {
  for (DeviceNumber device = 1; device <= 5; ++device) {
    for (std::int64_t hour = 0; hour < 60; ++hour) put(device, kFirst + hour);
  }
  std::mt19937_64 dice(3);
  std::int64_t now = kFirst + 26;
  std::optional<Retention> retention;
  for (int piece = 0; piece < 300; ++piece) {
    if (!retention || dice() % 4 == 0) retention.emplace(open({.raw_days = 1}));
    if (!must(retention->work(at_hour(now)))) now += static_cast<std::int64_t>(dice() % 5);
    for (DeviceNumber device = 1; device <= 5; ++device) {
      std::multiset<std::int64_t> hours;
      for (const std::int64_t hour : blocks(device)) hours.insert(hour);
      for (const std::int64_t hour : quarters(device)) hours.insert(hour);
      ASSERT_EQ(hours.size(), 60);
      ASSERT_EQ(std::set<std::int64_t>(hours.begin(), hours.end()).size(), 60);
    }
  }
}

TEST_P(WrongClockTest, AServerThatAlwaysRunsKeepsADayOrTwoMore) {
  raw_days_ = 4;
  start();
  run(24 * 8);
  const Hours kept = blocks(1);
  ASSERT_FALSE(kept.empty());
  EXPECT_LE(kept.front(), 24 * 4) << "nothing goes early";
  EXPECT_GE(kept.front(), 24 * 2) << "and not much late";
  EXPECT_EQ(quarters(1).size() + kept.size(), 24 * 8);
}

TEST_P(WrongClockTest, SecondsOrHoursOfAnotherYearDropNothing) {
  start();
  run(72);
  for (const std::int64_t off : {kYear_hours, -kYear_hours, 3 * kYear_hours, kYear_hours + 24}) {
    for (const Millis span : {Millis(5000), Millis(3h)}) {
      wrong(off, span);
      EXPECT_EQ(quarters(1), Hours{}) << off;
      run(3);
      EXPECT_EQ(quarters(1), Hours{}) << off;
    }
  }
  run(48);
  EXPECT_EQ(quarters(1), Hours{}) << "and what came meanwhile stays";
}

TEST_P(WrongClockTest, AStartInAnotherYearDropsNothing) {
  start();
  run(72);
  for (const std::int64_t off : {kYear_hours, -kYear_hours}) {
    off_hours_ = off;
    start();
    put(1, hour());
    for (int i = 0; i < 60; ++i) pass(1min);
    EXPECT_EQ(quarters(1), Hours{}) << off;
    off_hours_ = 0;
    start();
    run(26);
    EXPECT_EQ(quarters(1), Hours{}) << off;
  }
}

TEST_P(WrongClockTest, AFirstStartBeforeTheClockWasSetDropsNothing) {
  off_hours_ = -kFirst + 1;  // 1970
  start();
  pass(500ms);
  put(1, hour());
  for (int i = 0; i < 10; ++i) pass(1min);
  off_hours_ = 0;
  run(48);
  EXPECT_EQ(quarters(1), Hours{});
  EXPECT_EQ(blocks(1).front(), 1 - kFirst);
}

TEST_P(WrongClockTest, RetentionContinuesOnceTheClockIsRight) {
  raw_days_ = 4;
  start();
  run(72);
  wrong(kYear_hours, 5000ms);
  wrong(-kYear_hours, 5000ms);
  run(24 * 5);
  EXPECT_GE(quarters(1).back(), 24 * (3 + 5 - 4 - 2)) << "what is old by the true time has gone";
  EXPECT_LE(quarters(1).back(), 24 * (3 + 5 - 4));
  EXPECT_EQ(quarters(1).front(), -kYear_hours + 72) << "what came in between as well";
  EXPECT_EQ(blocks(1).back(), kYear_hours + 72);
}

TEST_P(WrongClockTest, AServerThatWasOffCatchesUpAfterADay) {
  raw_days_ = 4;
  start();
  run(72);
  retention_.reset();
  true_time_ += 120 * kDay;
  start();
  run(20);
  EXPECT_EQ(quarters(1), Hours{}) << "it may be a wrong clock";
  run(30);
  EXPECT_EQ(quarters(1).size(), 72);
}

}  // namespace
}  // namespace gridloom::history
