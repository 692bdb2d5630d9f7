// SQLite has no XOR operator, but a XOR b is (a | b) - (a & b).
#include "tables/sqlite_sums.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "tables/connection.h"

namespace gridloom::tables {
namespace {

using storage::Database;
using storage::Statement;

constexpr std::string_view kDefinitions = "sqlite_schema";

struct Sums {
  std::int64_t rows = 0;
  std::int64_t sum = 0;
  friend bool operator==(const Sums&, const Sums&) = default;
};

bool has_sums(std::span<const Table* const> all) {
  return std::ranges::any_of(all, [](const Table* table) { return table->is_counted; });
}

Result<Sums> sums_of_definitions(Database& database) {
  Sums sums;
  GL_TRY(
      database.each_row("SELECT row_checksum(0, type, name, tbl_name, sql) FROM sqlite_schema "
                        "WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
                        [&sums](const Statement& row) {
                          ++sums.rows;
                          sums.sum ^= row.integer(0);
                          return Status();
                        }));
  return sums;
}

std::unexpected<Error> damaged(const Database& database, std::string_view what) {
  return fail(ErrorCode::kDamaged, fmt::format("{} is damaged: {}", database.path(), what));
}

constexpr std::int64_t kNotKnown = -1;  // for the number of rows

Result<Sums> stored_sums(Database& database, std::string_view name) {
  GL_TRY(auto statement,
         database.prepare("SELECT row_count, sum FROM table_sums NOT INDEXED WHERE name = ?"));
  statement.bind(name);
  GL_TRY(const auto row, statement.step());
  if (!row) return Sums{.rows = kNotKnown};
  return Sums{.rows = statement.integer(0), .sum = statement.integer(1)};
}

class KeysOf final : public RowView {
 public:
  explicit KeysOf(const Statement& row) : row_(row) {}
  [[nodiscard]] std::int64_t integer(int column) const override { return row_.integer(column); }
  [[nodiscard]] std::string_view bytes(int column) const override { return row_.bytes(column); }

 private:
  const Statement& row_;
};

struct Found {
  Sums sums;
  std::int64_t damaged = 0;  // rows
  std::string first;         // place of the first one
};

std::string arguments_of(const Table& table, std::int64_t format) {
  std::string list;
  for (const Column& column : table.columns) {
    if (column.since > format) break;
    fmt::format_to(std::back_inserter(list), ", {}", summed(column, column.name));
  }
  return list;
}

Result<Found> sums_of(Database& database, const Table& table, std::int64_t format) {
  Found found;
  GL_TRY(each_sum(database, table, format, [&found](const RowSum& row) {
    ++found.sums.rows;
    found.sums.sum ^= row.checksum;
    if (!row.is_good && found.damaged++ == 0) found.first = row.place;
  }));
  return found;
}

Status check(Database& database, const Table& table, std::int64_t format) {
  GL_TRY(const auto found, sums_of(database, table, format));
  if (found.damaged != 0) {
    return damaged(
        database,
        fmt::format("{}: its checksum is wrong{}", found.first,
                    found.damaged == 1 ? std::string()
                                       : fmt::format(", and those of {} other rows of the table",
                                                     found.damaged - 1)));
  }
  if (!table.is_counted) return {};
  GL_TRY(const auto stored, stored_sums(database, table.name));
  if (found.sums == stored) return {};
  if (stored.rows == kNotKnown) {
    return damaged(database,
                   fmt::format("the expected rows of table {} are not known", table.name));
  }
  if (found.sums.rows != stored.rows) {
    return damaged(database, fmt::format("table {} has {} rows instead of {}", table.name,
                                         found.sums.rows, stored.rows));
  }
  return damaged(database,
                 fmt::format("table {} has rows that differ from what was written", table.name));
}

// SQL that adds a checksum to the table's sum, or takes it away (XOR does both).
std::string with_checksum(const Table& table, std::string_view checksum, std::string_view count) {
  return fmt::format(
      "UPDATE table_sums SET sum = (sum | {0}) - (sum & {0}){1} WHERE name = '{2}'; ", checksum,
      count, table.name);
}

}  // namespace

Status each_sum(Database& database, const Table& table, std::int64_t format,
                const std::function<void(const RowSum& row)>& on_row) {
  return database.each_row(
      fmt::format("SELECT rowid, checksum, row_checksum({}{}), {} FROM {} NOT INDEXED",
                  table.number, arguments_of(table, format), keys_of(table), table.name),
      [&](const Statement& row) {
        RowSum sum{.rowid = row.integer(0),
                   .place = {},
                   .checksum = row.integer(1),
                   .is_good = row.integer(1) == row.integer(2)};
        if (!sum.is_good) sum.place = place_of(table, KeysOf(row), 3);
        on_row(sum);
        return Status();
      });
}

std::string summed(const Column& column, std::string_view value) {
  if (column.since == 0) return std::string(value);
  return fmt::format("nullif({}, {})", value, is_number(column.type) ? "0" : "''");
}

std::string making_of_sums(std::span<const Table* const> all) {
  if (!has_sums(all)) return {};
  std::string script =
      "CREATE TABLE IF NOT EXISTS table_sums (\n  name TEXT PRIMARY KEY,\n"
      "  row_count INTEGER NOT NULL,\n"
      "  sum INTEGER NOT NULL\n) STRICT;\n";
  for (const Table* const table : all) {
    if (!table->is_counted) continue;
    script += fmt::format("INSERT OR IGNORE INTO table_sums VALUES ('{}', 0, 0);\n", table->name);
  }
  return script;
}

std::string triggers_of_sums(std::span<const Table* const> all) {
  std::string script;
  for (const Table* const table : all) {
    if (!table->is_counted) continue;
    script += fmt::format(
        "CREATE TEMP TRIGGER IF NOT EXISTS {0}_comes AFTER INSERT ON main.{0} BEGIN {1}END;\n"
        "CREATE TEMP TRIGGER IF NOT EXISTS {0}_changes AFTER UPDATE ON main.{0} BEGIN {2}{3}END;\n"
        "CREATE TEMP TRIGGER IF NOT EXISTS {0}_goes AFTER DELETE ON main.{0} BEGIN {4}END;\n",
        table->name, with_checksum(*table, "NEW.checksum", ", row_count = row_count + 1"),
        with_checksum(*table, "OLD.checksum", ""), with_checksum(*table, "NEW.checksum", ""),
        with_checksum(*table, "OLD.checksum", ", row_count = row_count - 1"));
  }
  return script;
}

Status store_sum_of_definitions(Database& database, std::span<const Table* const> all) {
  if (!has_sums(all)) return {};
  GL_TRY(const auto sums, sums_of_definitions(database));
  return database.execute("INSERT OR REPLACE INTO table_sums VALUES (?, ?, ?)", kDefinitions,
                          sums.rows, sums.sum);
}

Status check_sums(Database& database, std::span<const Table* const> all, std::int64_t format) {
  if (!has_sums(all)) return {};
  GL_TRY(const auto definitions, sums_of_definitions(database));
  GL_TRY(const auto stored, stored_sums(database, kDefinitions));
  if (definitions != stored) {
    return damaged(database, "the definitions of its tables were changed");
  }
  for (const Table* const table : all) {
    if (table->since > format) continue;
    GL_TRY(check(database, *table, format));
  }
  return {};
}

}  // namespace gridloom::tables
