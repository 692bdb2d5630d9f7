#include "history/sqlite/sqlite_retention_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "history/sqlite/row_check.h"
#include "storage/wal.h"

namespace gridloom::history {
namespace {

using storage::Blob;
using storage::Database;
using storage::Statement;
using storage::Transaction;

// SQLite reuses free pages; a few of them are no reason to move others.
constexpr std::int64_t kFewPages = 256;
constexpr std::int64_t kPartOfFile = 8;
constexpr int kPagesAtOnce = 32;

std::string_view table_of(RetentionStore::Kind kind) {
  switch (kind) {
    case RetentionStore::Kind::kChunks:
      return "block";
    case RetentionStore::Kind::kRollups:
      return "quarter";
    case RetentionStore::Kind::kEnergies:
      return "energy";
    case RetentionStore::Kind::kTwin:
      return "twin";
    case RetentionStore::Kind::kEvents:
      return "event";
  }
  return {};
}

// `row`: the columns part, over, block, checksum; version 1 wrote no checksum.
bool is_good_part(const DeviceHour& of, const Statement& row) {
  return row.is_null(3) ||
         row.integer(3) == row_checksum(RowTable::kBlock,
                                        {of.device, of.hour, row.integer(0), row.integer(1)},
                                        row.bytes(2));
}

std::int64_t checksum_of(const RunningDay& day) {
  return row_checksum(RowTable::kRunningDay, {day.day, day.ran_ms, day.first_mark}, {});
}

}  // namespace

Result<std::unique_ptr<SqliteRetentionStore>> SqliteRetentionStore::open(
    const std::filesystem::path& data, std::shared_ptr<DamagedRows> damaged) {
  GL_TRY(auto database, Database::open(data / "history.db"));
  GL_TRY(const auto kind, database.integer("PRAGMA auto_vacuum"));
  constexpr std::int64_t kIncremental = 2;
  return std::unique_ptr<SqliteRetentionStore>(
      new SqliteRetentionStore(std::move(database), std::move(damaged), kind == kIncremental));
}

Result<bool> SqliteRetentionStore::commit(const Work& slice) {
  GL_TRY(auto transaction, Transaction::begin(database_));
  auto result = slice();
  if (!result) return result;
  GL_TRY(transaction.commit());
  return result;
}

// Removing rows writes to the write-ahead log, for which a full disk has no room. Its contents go
// into the file, and removed rows are not overwritten with zeros, which takes as much room again.
Result<bool> SqliteRetentionStore::with_little_space(const Work& work) {
  storage::empty_wal(database_);
  GL_TRY(const auto usual, database_.integer("PRAGMA secure_delete"));
  GL_TRY(database_.run("PRAGMA secure_delete = fast"));
  auto result = work();
  GL_TRY(database_.run(fmt::format("PRAGMA secure_delete = {}", usual)));
  return result;
}

template <typename... Values>
Result<std::size_t> SqliteRetentionStore::removed_by(std::string_view sql,
                                                     const Values&... values) {
  GL_TRY(database_.execute(sql, values...));
  GL_TRY(const auto removed, database_.integer("SELECT changes()"));
  return static_cast<std::size_t>(removed);
}

Result<std::optional<DeviceNumber>> SqliteRetentionStore::next_device(
    Kind kind, std::optional<DeviceNumber> after) {
  GL_TRY(auto statement,
         database_.prepare(fmt::format(
             "SELECT device FROM {} WHERE device > ? ORDER BY device LIMIT 1", table_of(kind))));
  statement.bind(after.value_or(std::numeric_limits<std::int64_t>::min()));
  GL_TRY(const auto row, statement.step());
  return row ? std::optional(statement.integer(0)) : std::nullopt;
}

Result<std::size_t> SqliteRetentionStore::remove(Kind kind, DeviceNumber device, std::size_t most) {
  return removed_by(
      fmt::format("DELETE FROM {0} WHERE rowid IN (SELECT rowid FROM {0} WHERE device = ? LIMIT ?)",
                  table_of(kind)),
      device, static_cast<std::int64_t>(most));
}

Result<std::int64_t> SqliteRetentionStore::next_mark() {
  return database_.integer("SELECT ifnull(max(rowid), 0) + 1 FROM block");
}

Result<std::optional<std::int64_t>> SqliteRetentionStore::next_hour(DeviceNumber device,
                                                                    std::int64_t from,
                                                                    std::int64_t to,
                                                                    std::int64_t below) {
  GL_TRY(auto statement,
         database_.prepare(
             "SELECT hour FROM block AS old WHERE device = ? AND hour >= ? AND hour < ? "
             "AND NOT EXISTS (SELECT 1 FROM block WHERE device = old.device AND hour = old.hour "
             "AND rowid >= ?) ORDER BY hour LIMIT 1"));
  statement.bind(device).bind(from).bind(to).bind(below);
  GL_TRY(const auto row, statement.step());
  return row ? std::optional(statement.integer(0)) : std::nullopt;
}

Result<std::vector<std::string>> SqliteRetentionStore::chunks(const DeviceHour& of) {
  GL_TRY(auto statement, database_.prepare("SELECT part, over, block, checksum FROM block WHERE "
                                           "device = ? AND hour = ? ORDER BY part"));
  statement.bind(of.device).bind(of.hour);
  std::vector<std::string> chunks;
  bool good = true;
  while (true) {
    GL_TRY(const auto row, statement.step());
    if (!row) break;
    chunks.emplace_back(statement.bytes(2));
    good = good && is_good_part(of, statement);
  }
  if (good) return chunks;
  return fail(ErrorCode::kMalformed, "the checksum of one of its rows is wrong");
}

Status SqliteRetentionStore::replace_by_rollups(const DeviceHour& of, std::string_view rollups) {
  const Status put = database_.execute(
      "INSERT OR IGNORE INTO quarter VALUES (?, ?, ?, ?)", of.device, of.hour, Blob{rollups},
      row_checksum(RowTable::kQuarter, {of.device, of.hour}, rollups));
  if (!put) return put;
  return database_.execute("DELETE FROM block WHERE device = ? AND hour = ?", of.device, of.hour);
}

Result<std::size_t> SqliteRetentionStore::remove_rollups(DeviceNumber device, std::int64_t before,
                                                         std::size_t most) {
  return removed_by(
      "DELETE FROM quarter WHERE rowid IN (SELECT rowid FROM quarter WHERE device = ? AND "
      "hour < ? LIMIT ?)",
      device, before, static_cast<std::int64_t>(most));
}

Result<std::size_t> SqliteRetentionStore::remove_audit(std::int64_t before_ms, std::size_t most) {
  return removed_by(
      "DELETE FROM audit WHERE sequence IN (SELECT sequence FROM audit ORDER BY sequence LIMIT ?2) "
      "AND sequence < ifnull((SELECT min(sequence) FROM (SELECT sequence, entry FROM audit ORDER "
      "BY sequence LIMIT ?2) WHERE NOT json_valid(entry) OR entry ->> 'at' >= ?1), "
      "9223372036854775807)",
      before_ms, static_cast<std::int64_t>(most));
}

Result<std::size_t> SqliteRetentionStore::remove_events(std::int64_t before_ms, std::size_t most) {
  return removed_by(
      "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE open = 0 AND at < ? LIMIT ?)",
      before_ms, static_cast<std::int64_t>(most));
}

Result<bool> SqliteRetentionStore::return_space() {
  if (!returns_space_) return false;
  GL_TRY(const auto free, database_.integer("PRAGMA freelist_count"));
  GL_TRY(const auto all, database_.integer("PRAGMA page_count"));
  if (free <= std::max(kFewPages, all / kPartOfFile)) {
    // The file becomes smaller when the write-ahead log is emptied into it.
    if (std::exchange(has_returned_space_, false)) storage::empty_wal(database_);
    return false;
  }
  GL_TRY(database_.run(fmt::format("PRAGMA incremental_vacuum({})", kPagesAtOnce)));
  has_returned_space_ = true;
  return true;
}

Result<std::vector<RunningDay>> SqliteRetentionStore::running_days() {
  GL_TRY(database_.run(
      "CREATE TABLE IF NOT EXISTS running_day (day INTEGER PRIMARY KEY, ran_ms INTEGER NOT NULL, "
      "first_row INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT"));
  std::vector<RunningDay> days;
  GL_TRY(database_.each_row(
      "SELECT day, ran_ms, first_row, checksum FROM running_day ORDER BY day",
      [&](const Statement& row) {
        const RunningDay day{
            .day = row.integer(0), .ran_ms = row.integer(1), .first_mark = row.integer(2)};
        if (row.integer(3) == checksum_of(day)) {
          days.push_back(day);
          return Status();
        }
        damaged_->found({.table = RowTable::kRunningDay, .key = day.day},
                        "the day counts as one on which the server did not run");
        return Status();
      }));
  return days;
}

Status SqliteRetentionStore::put_running_day(const RunningDay& day) {
  return database_.execute("INSERT OR REPLACE INTO running_day VALUES (?, ?, ?, ?)", day.day,
                           day.ran_ms, day.first_mark, checksum_of(day));
}

Status SqliteRetentionStore::remove_running_day(std::int64_t day) {
  return database_.execute("DELETE FROM running_day WHERE day = ?", day);
}

}  // namespace gridloom::history
