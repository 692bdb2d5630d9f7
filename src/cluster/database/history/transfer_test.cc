// History is copied from a file to PostgreSQL and back: what is read from the copy, and what
// retention does with it, is what it was.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "database/history/postgres_side.h"
#include "database/history/postgres_store_factory.h"
#include "database/transfer/notes.h"
#include "history/blocks/rollup.h"
#include "history/blocks/rows.h"
#include "history/energy/energy_integrator.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "history/store/store_factory.h"
#include "postgres/test_server.h"
#include "storage/sqlite.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"
#include "transfer/copy.h"

namespace gridloom::history {
namespace {

using transfer::Compared;

constexpr std::int64_t kFirst = 470'000;  // the hour of the first block
constexpr std::int64_t kDevices = 3;
constexpr std::int64_t kHours = 30;

std::string block_of(std::int64_t hour, double value) {
  BlockWriter writer;
  for (std::int64_t i = 0; i < 6; ++i) {
    const std::vector<Sample> samples = {
        {.field = 0, .value = value_of(fmt::format("{}", value + static_cast<double>(i)))}};
    writer.add(hour * kHour_ms + i * 600'000, samples);
  }
  return writer.finish();
}

std::string energies_in(std::int64_t hour, double wh) {
  HourEnergies energies;
  energies.quarters[hour * 4 + 1].of(EnergyFlow{}) = wh;
  return to_bytes(hour, energies);
}

StoredEvent event(std::uint64_t id, journal::EventKind kind, std::string field) {
  return {.id = id,
          .event = {.device = 1 + static_cast<DeviceNumber>(id % 2),
                    .at_ms = static_cast<std::int64_t>(1000 * id),
                    .kind = kind,
                    .since_ms = 5,
                    .count = id,
                    .field = std::move(field),
                    .text = "text\n"}};
}

// One home's history: hours that are over, one that is open, one of rollups.
void fill(StoreFactory& stores) {
  auto store = must(stores.open()).store;
  auto retention = must(stores.open_retention());
  Changes first;
  first.names = {{0, "bp_power"}, {1, std::string("odd\xff name", 9)}};
  first.twins = {{.device = 1, .sn = "A", .text = "{}"}, {.device = 2, .sn = "B\n", .text = "[1]"}};
  first.audit = {{.sequence = 3, .entry = R"({"at":5,"what":"account.added"})"},
                 {.sequence = 8, .entry = "no JSON"}};
  first.events = {event(1, journal::EventKind::kFaultBegan, "overheated"),
                  event(2, journal::EventKind::kOnline, ""),
                  event(3, journal::EventKind::kFaultBegan, "cold"),
                  event(5, journal::EventKind::kFaultEnded, "cold")};
  must(store->write(first));
  for (std::int64_t day = 0; day < 2; ++day) {
    ASSERT_TRUE(retention->running_days());
    must(retention->put_running_day(
        {.day = 19'000 + day, .ran_ms = 7, .first_mark = must(retention->next_mark())}));
    for (std::int64_t hour = kFirst + day * kHours / 2; hour < kFirst + (day + 1) * kHours / 2;
         ++hour) {
      Changes changes;
      for (std::int64_t device = 1; device <= kDevices; ++device) {
        const auto value = static_cast<double>(device * 100 + hour % 7);
        changes.hours.push_back({.of = {.device = device, .hour = hour},
                                 .chunks = {block_of(hour, value), block_of(hour, value + 1)},
                                 .over = true});
        changes.energies.push_back(
            {.of = {.device = device, .hour = hour}, .bytes = energies_in(hour, value)});
      }
      must(store->write(changes));
    }
  }
  Changes last;
  last.hours = {{.of = {.device = 1, .hour = kFirst + kHours},
                 .chunks = {block_of(kFirst + kHours, 1)},
                 .over = false,
                 .taken = 44}};
  last.applied = journal::Positions::everywhere(40);
  must(store->write(last));
  must(retention->commit([&]() -> Result<bool> {
    const DeviceHour of{.device = 2, .hour = kFirst};
    const auto rollups = must(rollups_of_chunks(of.hour, must(retention->chunks(of))));
    must(retention->replace_by_rollups(of, write_rollups(rollups)));
    return true;
  }));
}

// Everything that a reader and the builder see.
std::vector<std::string> content_of(StoreFactory& stores) {
  auto store = must(stores.open()).store;
  std::vector<std::string> lines;
  const auto add = [&lines](std::string_view kind) {
    return [&lines, kind](std::int64_t hour, std::string_view bytes) {
      lines.push_back(fmt::format("{} {} {}", kind, hour, bytes));
      return Status();
    };
  };
  for (const std::string& name : must(store->names())) lines.push_back("name " + name);
  for (std::int64_t device = 1; device <= kDevices; ++device) {
    must(store->each_chunk(device, 0, 1'000'000, add("chunk")));
    must(store->each_energy(device, 0, 1'000'000, add("energy"), {}));
    must(store->each_rollup(device, 0, 1'000'000, add("rollup")));
    must(store->each_event(device, 0, {.at_ms = 1'000'000'000}, [&](const StoredEvent& each) {
      lines.push_back(fmt::format("event {} {} {} {} {}", each.id, name_of(each.event.kind),
                                  each.event.field, each.event.text, each.event.count));
      return true;
    }));
  }
  must(store->each_audit([&](const AuditRow& row) {
    lines.push_back(fmt::format("audit {} {}", row.sequence, row.entry));
    return true;
  }));
  for (const StoredTwin& twin : must(store->twins())) {
    lines.push_back(fmt::format("twin {} {} {}", twin.device, twin.sn, twin.text));
  }
  for (const StoredEvent& each : must(store->open_faults())) {
    lines.push_back(fmt::format("open fault {} {}", each.id, each.event.field));
  }
  for (const DeviceHour& of : must(store->open_hours())) {
    lines.push_back(fmt::format("open hour {} {}", of.device, of.hour));
  }
  const TakenRecords taken = must(store->taken());
  lines.emplace_back(taken.is_known ? "taken is known" : "taken is not known");
  for (const auto& [of, record] : taken.of) {
    lines.push_back(fmt::format("taken {} {} {}", of.device, of.hour, record));
  }
  lines.push_back(fmt::format("applied {}", must(must(store->applied()).common())));
  // What was written before the second day, and so may become rollups.
  auto retention = must(stores.open_retention());
  const std::vector<RunningDay> days = must(retention->running_days());
  for (const RunningDay& day : days) {
    lines.push_back(fmt::format("day {} {}", day.day, day.ran_ms));
    for (std::int64_t hour = kFirst; hour <= kFirst + kHours; ++hour) {
      const auto found = must(retention->next_hour(1, hour, hour + 1, day.first_mark));
      if (found) lines.push_back(fmt::format("hour {} is before day {}", *found, day.day));
    }
  }
  lines.emplace_back(must(retention->next_mark()) > days.back().first_mark ? "later" : "earlier");
  return lines;
}

class HistoryTransfer : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
    database_.emplace();
    connection_.emplace(database_->connect());
    must(transfer::make_notes(*connection_));
    fill(*files_);
    tables_ = must(open_history_in(*connection_));
  }
  std::vector<Compared> copy_up(transfer::Options options = {}) {
    auto source = must(open_history_to_read(folder_.path()));
    return must(transfer::copy(*source, *tables_, options));
  }
  [[nodiscard]] std::shared_ptr<StoreFactory> in_postgres() const {
    return postgres_store_factory(database_->settings(), {.clock = &clock_});
  }
  // The rows for SQL, as text.
  static std::vector<std::string> quarters(postgres::Connection& connection) {
    std::vector<std::string> lines;
    for (const std::string_view table : {"reading_quarter", "energy_quarter"}) {
      for (const postgres::Row row : must(connection.query(
               fmt::format("SELECT CAST(t AS text) FROM {} AS t ORDER BY 1", table)))) {
        lines.emplace_back(row.bytes(0));
      }
    }
    return lines;
  }

  SystemClock clock_;
  TemporaryFolder folder_;
  std::shared_ptr<StoreFactory> files_ = sqlite_store_factory(folder_.path());
  std::optional<postgres::TestDatabase> database_;
  std::optional<postgres::Connection> connection_;
  std::unique_ptr<transfer::Target> tables_;
};

TEST_F(HistoryTransfer, ReadsTheSameInPostgresAndInTheFileThatIsMadeOfIt) {
  const std::vector<std::string> expected = content_of(*files_);
  for (const Compared& each : copy_up()) {
    EXPECT_EQ(each.from, each.to) << each.table;
    EXPECT_EQ(each.written, each.from.rows) << each.table;
  }
  EXPECT_EQ(content_of(*in_postgres()), expected);

  TemporaryFolder back;
  auto target = must(open_history_to_write(back.path()));
  for (const Compared& each : must(transfer::copy(*tables_, *target, {}))) {
    EXPECT_EQ(each.from, each.to) << each.table;
  }
  must(target->end());
  target.reset();
  EXPECT_EQ(content_of(*sqlite_store_factory(back.path())), expected);
  // Each further journey has the marks of the first one.
  auto again = must(open_history_to_read(back.path()));
  for (const Compared& each : must(transfer::copy(*again, *tables_, {}))) {
    EXPECT_EQ(each.written, 0) << each.table;
  }
}

TEST_F(HistoryTransfer, MakesTheRowsForSqlAsAServerDoes) {
  copy_up();
  postgres::TestDatabase other;
  fill(*postgres_store_factory(other.settings(), {.clock = &clock_}));
  postgres::Connection connection = other.connect();
  const std::vector<std::string> rows = quarters(connection);
  EXPECT_GT(rows.size(), kDevices * kHours * 4);
  EXPECT_EQ(quarters(*connection_), rows);
}

TEST_F(HistoryTransfer, MovesOnlyWhatHasChangedSince) {
  copy_up();
  {
    auto store = must(files_->open()).store;
    Changes changes;
    changes.hours = {{.of = {.device = 1, .hour = kFirst + kHours},
                      .chunks = {block_of(kFirst + kHours, 7)},
                      .over = true,
                      .taken = 50}};
    changes.energies = {{.of = {.device = 3, .hour = kFirst}, .bytes = energies_in(kFirst, 77)}};
    changes.events = {event(7, journal::EventKind::kFaultEnded, "overheated")};
    changes.applied = journal::Positions::everywhere(50);
    must(store->write(changes));
    auto retention = must(files_->open_retention());
    must(retention->commit([&]() -> Result<bool> {
      return must(retention->remove(RetentionStore::Kind::kTwin, 2, 10)) == 1;
    }));
    static_cast<void>(must(retention->running_days()));
    must(retention->remove_running_day(19'000));
  }
  for (const Compared& each : copy_up()) EXPECT_EQ(each.from, each.to) << each.table;
  EXPECT_EQ(content_of(*in_postgres()), content_of(*files_));
  postgres::TestDatabase other;
  postgres::Connection connection = other.connect();
  must(transfer::make_notes(connection));
  auto source = must(open_history_to_read(folder_.path()));
  auto fresh = must(open_history_in(connection));
  static_cast<void>(must(transfer::copy(*source, *fresh, {})));
  EXPECT_EQ(quarters(*connection_), quarters(connection));
}

TEST_F(HistoryTransfer, LeavesOutDamagedRowsAndCountsThem) {
  {
    auto database = must(storage::Database::open(folder_.path() / "history.db"));
    must(database.run("UPDATE block SET bytes = zeroblob(9) WHERE device = 3 AND hour = 470003"));
    must(database.run("UPDATE audit_entry SET entry = 'x' WHERE sequence = 3"));
  }
  auto source = must(open_history_to_read(folder_.path()));
  const auto compared = must(transfer::copy(*source, *tables_, {}));
  EXPECT_EQ(source->damaged(), 3);
  for (const Compared& each : compared) EXPECT_EQ(each.from, each.to) << each.table;
}

TEST_F(HistoryTransfer, RefusesAFileOfAnotherVersion) {
  {
    auto database = must(storage::Database::open(folder_.path() / "history.db"));
    must(database.run("PRAGMA user_version = 9"));
  }
  const auto source = open_history_to_read(folder_.path());
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, ErrorCode::kConflict);
  EXPECT_FALSE(open_history_to_read(folder_.path() / "none"));
}

}  // namespace
}  // namespace gridloom::history
