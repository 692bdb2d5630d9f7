// Those versions had the same columns, but: SQLite gave the numbers (sqlite_sequence), `revision`
// had the registry's id and its number alone, and `table_sums` had the highest number of a table.
#include "registry/sqlite/earlier.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/printable.h"
#include "registry/registry_tables.h"
#include "tables/convert.h"
#include "tables/sqlite_connection.h"

namespace gridloom::registry {
namespace {

using storage::Database;
using storage::Statement;
using tables::EarlierRows;
using tables::Table;

constexpr std::int64_t kFirstVersion = 6;

constexpr std::string_view kRevisionColumns = "one, registry, number";

constexpr std::string_view kRowsOfNumbers =
    "SELECT column1 AS name, ifnull((SELECT seq FROM sqlite_sequence WHERE name = column1), 0) AS "
    "highest FROM (VALUES ('accounts'), ('access_keys'), ('tokens'), ('browser_sessions'), "
    "('devices'), ('bridges'))";

std::string columns_of(const Table& table) {
  return table.number == kRevision.number ? std::string(kRevisionColumns) : names_of(table);
}

std::string rows_of(const Table& table) {
  if (table.number == kNumbers.number) return std::string(kRowsOfNumbers);
  if (table.number == kRevision.number) {
    return "SELECT one, registry, number, 0 AS change, registry AS database FROM revision";
  }
  return fmt::format("SELECT {} FROM {}", names_of(table), table.name);
}

struct Sums {
  std::int64_t rows = 0;
  std::int64_t sum = 0;
  friend bool operator==(const Sums&, const Sums&) = default;
};

std::unexpected<Error> damaged(const Database& database, std::string_view what) {
  return fail(ErrorCode::kDamaged, fmt::format("{} is damaged: {}", database.path(), what));
}

// The file has checksums of each row, and of all rows of a table.
Status check_table(Database& database, const Table& table) {
  Sums found;
  std::string first;
  GL_TRY(database.each_row(
      fmt::format("SELECT checksum, row_checksum({}, {}), {} FROM {} NOT INDEXED", table.number,
                  columns_of(table), table.columns.front().name, table.name),
      [&](const Statement& row) {
        ++found.rows;
        found.sum ^= row.integer(0);
        if (row.integer(0) != row.integer(1) && first.empty()) {
          first = fmt::format("table {}, {} {}", table.name, table.columns.front().name,
                              printable(row.bytes(2)));
        }
        return Status();
      }));
  if (!first.empty()) return damaged(database, first + ": its checksum is wrong");
  Sums stored{.rows = -1};
  GL_TRY(database.each_row(
      fmt::format("SELECT row_count, sum FROM table_sums NOT INDEXED WHERE name = '{}'",
                  table.name),
      [&stored](const Statement& row) {
        stored = {.rows = row.integer(0), .sum = row.integer(1)};
        return Status();
      }));
  if (stored == found) return {};
  return damaged(database,
                 fmt::format("table {} has rows that differ from what was written", table.name));
}

}  // namespace

Result<std::unique_ptr<transfer::Source>> read_earlier_registry(Database& database) {
  GL_TRY(const auto version, tables::format_of(database));
  if (version < kFirstVersion) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} has schema version {}, of a program before 24 November 2026, which "
                            "this version of Gridloom does not read",
                            database.path(), version));
  }
  GL_TRY(const auto found, database.integrity());
  if (!found.empty()) return damaged(database, found.front());
  std::vector<EarlierRows> all;
  for (const Table* const table : kAllTables) {
    const bool is_stored = table->number != kNumbers.number;
    all.push_back({.table = table,
                   .sql = rows_of(*table),
                   .needs = is_stored ? table->name : std::string_view()});
    GL_TRY(const auto there,
           database.integer(
               fmt::format("SELECT count(*) FROM sqlite_schema WHERE name = '{}'", table->name)));
    if (there == 0) continue;
    GL_TRY(check_table(database, *table));
  }
  return tables::read_earlier(database, all);
}

}  // namespace gridloom::registry
