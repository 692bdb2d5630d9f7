#include "mqtt/sqlite/session_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace gridloom::mqtt {
namespace {

using storage::Database;
using storage::RowSum;
using storage::Statement;
using storage::SummedTable;
using storage::Transaction;

// Times are ms since 1970, 0: none. `stage` is Outbox::DeliveryState.
constexpr std::string_view kTables = R"(
CREATE TABLE session (
  number INTEGER PRIMARY KEY,
  user TEXT NOT NULL,
  client_id TEXT NOT NULL,
  expiry_s INTEGER NOT NULL,
  parked_at INTEGER NOT NULL,
  subscriptions BLOB NOT NULL,
  received BLOB NOT NULL,
  will BLOB NOT NULL,
  will_due INTEGER NOT NULL,
  will_expiry_s INTEGER NOT NULL,
  signed_in_as INTEGER NOT NULL DEFAULT 0,
  generation INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE message (
  session INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  stage INTEGER NOT NULL,
  packet_id INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  packet BLOB NOT NULL,
  PRIMARY KEY (session, sequence)
) STRICT;
CREATE TABLE retained (
  topic TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL,
  packet BLOB NOT NULL,
  device INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE last (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  number INTEGER NOT NULL
) STRICT;
INSERT INTO last VALUES (1, 0);
)";
// Added in version 2.
constexpr std::string_view kTablesOfVersion2 = R"(
CREATE TABLE stream (
  number INTEGER PRIMARY KEY,
  user TEXT NOT NULL,
  client_id TEXT NOT NULL,
  receipts BLOB NOT NULL
) STRICT;
CREATE TABLE applied (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  record INTEGER NOT NULL
) STRICT;
INSERT INTO applied VALUES (1, 0);
)";

// Columns that version 1 lacks: the owner of a session and of a retained message, by number. 0:
// unknown.
constexpr std::string_view kFromVersion1 = R"(
ALTER TABLE session ADD COLUMN signed_in_as INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE retained ADD COLUMN device INTEGER NOT NULL DEFAULT 0;
)";

constexpr std::array kSummedTables{kSessionTable, kMessageTable, kRetainedTable,
                                   kLastTable,    kStreamTable,  kAppliedTable};

// Tables about the whole file: which log record it has applied, and which numbers are free.
bool is_of_the_whole_file(const SummedTable& table) {
  return table.number == kLastTable.number || table.number == kAppliedTable.number;
}

// Added in version 3.
std::string checksums() {
  std::string script;
  for (const SummedTable& table : kSummedTables) {
    script += checksum_column(table);
    script += fill_checksums(table);
  }
  return script;
}

std::unexpected<Error> damaged(std::string_view why) {
  return fail(ErrorCode::kDamaged, fmt::format("sessions.db: {}", why));
}

Status check_pages(Database& database) {
  GL_TRY(const auto found, database.integrity());
  if (!found.empty()) return damaged(found.front());
  return {};
}

Status upgrade(Database& database, std::int64_t from) {
  // Damaged rows would otherwise get checksums that match their damage.
  GL_TRY(check_pages(database));
  std::string script;
  if (from == 1) script.append(kFromVersion1).append(kTablesOfVersion2);
  return database.run(script + checksums());
}

struct Rows {
  std::size_t all = 0;
  std::vector<RowSum> damaged;
};

Result<Rows> rows_of(Database& database, const SummedTable& table) {
  Rows rows;
  GL_TRY(each_row_sum(database, table, [&rows](const RowSum& row) {
    ++rows.all;
    if (!row.good) rows.damaged.push_back(row);
  }));
  return rows;
}

}  // namespace

std::string insert_into(const SummedTable& table) {
  const auto count = std::ranges::count(table.columns, ',') + 1;
  std::string parameters;
  for (int i = 1; i <= count; ++i) parameters += fmt::format("?{}, ", i);
  const std::string_view listed = std::string_view(parameters).substr(0, parameters.size() - 2);
  return fmt::format("INSERT OR REPLACE INTO {} ({}, checksum) VALUES ({}, row_checksum({}, {}))",
                     table.name, table.columns, listed, table.number, listed);
}

Result<Database> open_sessions(const std::filesystem::path& file) {
  const std::string tables = std::string(kTables).append(kTablesOfVersion2).append(checksums());
  return storage::open_database(
      file, {.version = kSessionsVersion, .tables = tables, .upgrade = upgrade});
}

Result<std::vector<std::string>> remove_damaged_rows(Database& database) {
  GL_TRY(check_pages(database));
  std::vector<std::string> places;
  for (const SummedTable& table : kSummedTables) {
    GL_TRY(const auto rows, rows_of(database, table));
    const bool is_whole = rows.damaged.empty() && (rows.all == 1 || !is_of_the_whole_file(table));
    if (is_of_the_whole_file(table) && !is_whole) {
      return damaged(fmt::format("the rows of table {} differ from what was written", table.name));
    }
    if (is_whole) continue;
    GL_TRY(auto transaction, Transaction::begin(database));
    for (const RowSum& row : rows.damaged) {
      places.push_back(row.place);
      GL_TRY(
          database.execute(fmt::format("DELETE FROM {} WHERE rowid = ?", table.name), row.rowid));
    }
    GL_TRY(transaction.commit());
  }
  return places;
}

Result<SessionsCheck> check_sessions(Database& database) {
  SessionsCheck check;
  GL_TRY(const auto version, database.integer("PRAGMA user_version"));
  if (version != kSessionsVersion) return check;
  for (const SummedTable& table : kSummedTables) {
    GL_TRY(const auto rows, rows_of(database, table));
    check.rows += rows.all;
    for (const RowSum& row : rows.damaged) {
      check.damages.push_back(row.place + ": its checksum is wrong");
    }
    if (is_of_the_whole_file(table) && rows.all != 1) {
      check.damages.push_back(
          fmt::format("table {} has {} rows instead of 1", table.name, rows.all));
    }
  }
  return check;
}

}  // namespace gridloom::mqtt
