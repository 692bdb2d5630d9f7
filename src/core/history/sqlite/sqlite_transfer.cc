#include "history/sqlite/sqlite_transfer.h"

#include <fmt/format.h>

#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/partition.h"
#include "history/sqlite/row_check.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "history/store/transfer_tables.h"

namespace gridloom::history {
namespace {

using storage::Database;
using transfer::bytes_in;
using transfer::number_in;
using transfer::Places;
using transfer::Row;
using transfer::SqliteColumn;
using transfer::SqliteTable;
using transfer::SqliteTables;
using transfer::SqliteType;

// A mark is a rowid, and each chunk needs its own: those of a day are after this multiple of it.
constexpr std::int64_t kMarks_a_day = std::int64_t{1} << 32;

constexpr std::string_view kDayOfMark =
    "(SELECT ifnull(max(day), 0) FROM running_day WHERE first_row <= block.rowid)";
constexpr std::string_view kPositionRows =
    "(WITH RECURSIVE each (p) AS (SELECT 0 UNION ALL SELECT p + 1 FROM each WHERE p < 63) "
    "SELECT p, sequence, checksum FROM each, applied)";
static_assert(kPartitions == 64);

// The row of `taken` that repeats `applied` (see sqlite_store.cc).
constexpr std::string_view kOfHours = "NOT (device = 0 AND hour = 0)";

std::int64_t hour_checksum(RowTable table, const Row& row) {
  return row_checksum(table, {number_in(row, 0), number_in(row, 1)}, bytes_in(row, 2));
}

std::int64_t applied_checksum(std::int64_t record) {
  return row_checksum(RowTable::kApplied, {record}, {});
}

std::int64_t checksum_of_event(const Row& row) {
  return event_checksum({.id = static_cast<std::uint64_t>(number_in(row, 0)),
                         .event = {.device = number_in(row, 1),
                                   .at_ms = number_in(row, 2),
                                   .kind = static_cast<journal::EventKind>(number_in(row, 3)),
                                   .since_ms = number_in(row, 4),
                                   .count = static_cast<std::uint64_t>(number_in(row, 5)),
                                   .field = bytes_in(row, 6),
                                   .text = bytes_in(row, 7)}},
                        number_in(row, 8) != 0 ? FaultState::kOpen : FaultState::kClosed);
}

enum class RunningDays : std::uint8_t { kKnown, kNone };

std::vector<SqliteTable> tables_of_hours(RunningDays days) {
  const SqliteColumn device{.name = "device"};
  const SqliteColumn hour{.name = "hour"};
  const SqliteColumn quarters{.name = "quarters", .type = SqliteType::kBlob};
  return {
      {.table = kRollups,
       .name = "quarter",
       .columns = {device, hour, quarters},
       .checksum = [](const Row& row) { return hour_checksum(RowTable::kQuarter, row); }},
      {.table = kChunks,
       .name = "block",
       .columns = {device,
                   hour,
                   {.name = "part"},
                   {.name = "over"},
                   {.name = "block", .type = SqliteType::kBlob},
                   {.name = "rowid", .read = days == RunningDays::kKnown ? kDayOfMark : "0"}},
       .checksum =
           [](const Row& row) {
             return row_checksum(
                 RowTable::kBlock,
                 {number_in(row, 0), number_in(row, 1), number_in(row, 2), number_in(row, 3)},
                 bytes_in(row, 4));
           }},
      {.table = kEnergies,
       .name = "energy",
       .columns = {device, hour, quarters},
       .checksum = [](const Row& row) { return hour_checksum(RowTable::kEnergy, row); }},
  };
}

std::vector<SqliteTable> tables_of_devices() {
  return {
      {.table = kTwins,
       .name = "twin",
       .columns = {{.name = "device"},
                   {.name = "sn", .type = SqliteType::kText},
                   {.name = "state", .type = SqliteType::kText}},
       .checksum =
           [](const Row& row) {
             return twin_checksum(number_in(row, 0), bytes_in(row, 1), bytes_in(row, 2));
           }},
      {.table = kAudit,
       .name = "audit",
       .columns = {{.name = "sequence"}, {.name = "entry", .type = SqliteType::kText}},
       .checksum =
           [](const Row& row) {
             return row_checksum(RowTable::kAudit, {number_in(row, 0)}, bytes_in(row, 1));
           }},
      {.table = kEvents,
       .name = "event",
       .columns = {{.name = "id"},
                   {.name = "device"},
                   {.name = "at"},
                   {.name = "kind"},
                   {.name = "since"},
                   {.name = "count"},
                   {.name = "field", .type = SqliteType::kText},
                   {.name = "text", .type = SqliteType::kText},
                   {.name = "open"}},
       .checksum = checksum_of_event},
      {.table = kTaken,
       .name = "taken",
       .columns = {{.name = "device"}, {.name = "hour"}, {.name = "record"}},
       .where = kOfHours,
       .checksum =
           [](const Row& row) {
             return row_checksum(RowTable::kTaken,
                                 {number_in(row, 0), number_in(row, 1), number_in(row, 2)}, {});
           }},
      {.table = kPositions,
       .name = {},
       .columns = {{.name = "p"}, {.name = "sequence"}},
       .from = kPositionRows,
       .checksum = [](const Row& row) { return applied_checksum(number_in(row, 1)); }},
  };
}

SqliteTable running_days(RunningDays days) {
  if (days == RunningDays::kNone) {
    return {.table = kRunningDays,
            .name = {},
            .columns = {{.name = "day"}, {.name = "ran_ms"}},
            .from = "(SELECT 0 AS day, 0 AS ran_ms WHERE 0)"};
  }
  // Its checksum is over the mark too, which is not carried.
  return {.table = kRunningDays,
          .name = "running_day",
          .columns = {{.name = "day"}, {.name = "ran_ms"}}};
}

std::vector<SqliteTable> all_tables(RunningDays days) {
  std::vector<SqliteTable> all{
      {.table = kNames,
       .name = "name",
       .columns = {{.name = "id"}, {.name = "name", .type = SqliteType::kText}},
       .checksum =
           [](const Row& row) {
             return row_checksum(RowTable::kName, {number_in(row, 0)}, bytes_in(row, 1));
           }},
      running_days(days),
  };
  for (SqliteTable& each : tables_of_hours(days)) all.push_back(std::move(each));
  for (SqliteTable& each : tables_of_devices()) all.push_back(std::move(each));
  return all;
}

class HistoryTables final : public SqliteTables {
 public:
  HistoryTables(Database database, RunningDays days, Places places)
      : SqliteTables(std::move(database), all_tables(days), places) {}

 private:
  Status put(const SqliteTable& table, const Row& row) override {
    if (table.table.name == kChunks.name) return put_chunk(table, row);
    if (table.table.name == kRunningDays.name) return put_running_day(row);
    if (table.table.name == kPositions.name) return put_position(row);
    return SqliteTables::put(table, row);
  }

  Status put_chunk(const SqliteTable& table, const Row& row) {
    const std::int64_t first = number_in(row, 5) * kMarks_a_day;
    GL_TRY(auto last,
           database().prepare("SELECT ifnull(max(rowid), 0) FROM block WHERE rowid < ?"));
    last.bind(first + kMarks_a_day);
    GL_TRY(last.step());
    Row stored = row;
    stored[5] = std::max(first, last.integer(0) + 1);
    return SqliteTables::put(table, stored);
  }

  Status put_running_day(const Row& row) {
    const std::int64_t day = number_in(row, 0);
    const std::int64_t ran_ms = number_in(row, 1);
    const std::int64_t mark = day * kMarks_a_day;
    return database().execute("INSERT INTO running_day VALUES (?, ?, ?, ?)", day, ran_ms, mark,
                              row_checksum(RowTable::kRunningDay, {day, ran_ms, mark}, {}));
  }

  Status put_position(const Row& row) {
    const std::int64_t record = number_in(row, 1);
    if (number_in(row, 0) != 0) {
      GL_TRY(const auto stored, database().integer("SELECT sequence FROM applied"));
      if (stored == record) return {};
      return fail(ErrorCode::kConflict,
                  "history has not taken the log to the same record for all devices: start the "
                  "server once more and stop it");
    }
    Status done = database().execute("INSERT OR REPLACE INTO applied VALUES (1, ?, ?)", record,
                                     applied_checksum(record));
    if (!done) return done;
    return database().execute("INSERT OR REPLACE INTO taken VALUES (0, 0, ?, ?)", record,
                              row_checksum(RowTable::kTaken, {0, 0, record}, {}));
  }
};

constexpr std::string_view kMakeRunningDays =
    "CREATE TABLE IF NOT EXISTS running_day (day INTEGER PRIMARY KEY, ran_ms INTEGER NOT NULL, "
    "first_row INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT";

}  // namespace

Result<std::unique_ptr<SqliteTables>> open_sqlite_source(const std::filesystem::path& data) {
  const std::filesystem::path file = data / "history.db";
  std::error_code unknown;
  if (!std::filesystem::exists(file, unknown)) {
    return fail(ErrorCode::kNotFound, fmt::format("{} does not exist", file.string()));
  }
  GL_TRY(auto database, Database::open_to_read(file, Database::Writers::kMaybe));
  GL_TRY(const auto version, database.integer("PRAGMA user_version"));
  GL_TRY(const auto tables, database.integer("SELECT count(*) FROM sqlite_schema WHERE type = "
                                             "'table' AND name IN ('event', 'taken')"));
  if (version != kStoreVersion || tables != 2) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} was written by another version of Gridloom: start the server of "
                            "this version once",
                            file.string()));
  }
  GL_TRY(const auto days,
         database.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'running_day'"));
  return std::make_unique<HistoryTables>(
      std::move(database), days == 0 ? RunningDays::kNone : RunningDays::kKnown, Places::kNone);
}

Result<std::unique_ptr<SqliteTables>> open_sqlite_target(const std::filesystem::path& folder) {
  GL_TRY(auto database, open_store_database(folder / "history.db"));
  GL_TRY(database.run(std::string(kMakeRunningDays)));
  return std::make_unique<HistoryTables>(std::move(database), RunningDays::kKnown, Places::kKept);
}

}  // namespace gridloom::history
