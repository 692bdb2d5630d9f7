// The checksums of a table's rows are combined by XOR, which a trigger can update when a row is
// inserted, changed or deleted; SQLite has no XOR operator, but a XOR b is (a | b) - (a & b). The
// triggers belong to the connection (TEMP): another program that changes the file does not have our
// SQL function, and its changes count as damage.
#include "registry/sqlite/table_sums.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/summed_table.h"

namespace gridloom::registry {
namespace {

using storage::checksum_of;
using storage::Database;
using storage::each_row_sum;
using storage::fill_checksums;
using storage::RowSum;
using storage::Statement;
using storage::SummedTable;
using storage::with_prefix;

struct Table : SummedTable {
  bool gives_numbers = false;  // AUTOINCREMENT
  std::int64_t since = kFirstWithSums;
};

constexpr std::array kTables{
    Table{{.number = 1,
           .name = "accounts",
           .key = "id",
           .columns = "id, name, certificate_account, certificate_password, gateway_key, "
                      "certificate_generation, gateway_generation"},
          true},
    Table{{.number = 2,
           .name = "access_keys",
           .key = "id",
           .columns = "id, access_key, secret_key, account"},
          true},
    Table{{.number = 3,
           .name = "devices",
           .key = "id",
           .columns = "id, sn, name, owner, device_key, key_generation"},
          true},
    Table{{.number = 4,
           .name = "shares",
           .key = "device, account",
           .columns = "device, account, rights"}},
    Table{{.number = 5, .name = "removed_devices", .key = "id", .columns = "id"}},
    Table{{.number = 6, .name = "revision", .key = "one", .columns = "one, registry, number"}},
    Table{{.number = 7, .name = "seal_check", .key = "one", .columns = "one, sealed"}},
    Table{{.number = 8,
           .name = "tokens",
           .key = "id",
           .columns = "id, hash, name, account, scope, made_ms, expires_ms"},
          true,
          5},
    Table{
        {.number = 9, .name = "passwords", .key = "account", .columns = "account, hash"}, false, 6},
    Table{{.number = 10,
           .name = "browser_sessions",
           .key = "id",
           .columns = "id, hash, account, signed_in_by, client, made_ms, used_ms"},
          true,
          6},
    Table{
        {.number = 11, .name = "token_devices", .key = "token", .columns = "token, sn"}, false, 8},
    Table{{.number = 12,
           .name = "bridges",
           .key = "id",
           .columns = "id, name, kind, account, settings, is_on, made_ms"},
          true,
          9},
};
constexpr std::string_view kDefinitions = "sqlite_schema";

struct Sums {
  std::int64_t rows = 0;
  std::int64_t sum = 0;
  std::int64_t highest = 0;
  friend bool operator==(const Sums&, const Sums&) = default;
};

// Computes the sums of the definitions of tables, indexes and all other schema objects.
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

Result<std::int64_t> highest_in(Database& database, const Table& table) {
  if (!table.gives_numbers) return 0;
  return database.integer(
      fmt::format("SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = '{}'", table.name));
}

struct Found {
  Sums sums;
  std::int64_t damaged = 0;  // number of damaged rows
  std::string first;         // place of the first one
};

Result<Found> sums_of(Database& database, const Table& table) {
  Found found;
  GL_TRY(each_row_sum(database, table, [&found](const RowSum& row) {
    ++found.sums.rows;
    found.sums.sum ^= row.checksum;
    if (!row.good && found.damaged++ == 0) found.first = row.place;
  }));
  GL_TRY(const auto highest, highest_in(database, table));
  found.sums.highest = highest;
  return found;
}

Status store(Database& database, std::string_view name, const Sums& sums) {
  return database.execute("INSERT OR REPLACE INTO table_sums VALUES (?, ?, ?, ?)", name, sums.rows,
                          sums.sum, sums.highest);
}

constexpr std::int64_t kNotKnown = -1;  // for the number of rows

Result<Sums> stored_sums(Database& database, std::string_view name) {
  GL_TRY(auto statement,
         database.prepare(
             "SELECT row_count, sum, highest FROM table_sums NOT INDEXED WHERE name = ?"));
  statement.bind(name);
  GL_TRY(const auto row, statement.step());
  if (!row) return Sums{.rows = kNotKnown};
  return Sums{
      .rows = statement.integer(0), .sum = statement.integer(1), .highest = statement.integer(2)};
}

std::string same_row(const Table& table, std::string_view which) {
  return fmt::format("({}) = ({})", table.key, with_prefix(table.key, which));
}

// SQL that adds a checksum to the table's sum in table_sums, or removes it (XOR does both).
std::string with_checksum(const Table& table, std::string_view checksum,
                          std::string_view and_then = "") {
  return fmt::format(
      "UPDATE table_sums SET sum = (sum | {0}) - (sum & {0}){1} WHERE name = '{2}'; ", checksum,
      and_then, table.name);
}

std::string triggers_of(const Table& table) {
  const std::string fresh = checksum_of(table, "NEW.");
  const std::string put = fmt::format("UPDATE {} SET checksum = {} WHERE {}; ", table.name, fresh,
                                      same_row(table, "NEW."));
  const std::string counted = table.gives_numbers
                                  ? ", row_count = row_count + 1, highest = max(highest, NEW.id)"
                                  : ", row_count = row_count + 1";
  return fmt::format(
      "CREATE TEMP TRIGGER {0}_comes AFTER INSERT ON main.{0} BEGIN {1}{2}END;\n"
      "CREATE TEMP TRIGGER {0}_changes AFTER UPDATE OF {3} ON main.{0} BEGIN {1}{4}{5}END;\n"
      "CREATE TEMP TRIGGER {0}_goes AFTER DELETE ON main.{0} BEGIN {6}END;\n",
      table.name, put, with_checksum(table, fresh, counted), table.columns,
      with_checksum(table, "OLD.checksum"), with_checksum(table, fresh),
      with_checksum(table, "OLD.checksum", ", row_count = row_count - 1"));
}

std::unexpected<Error> damaged(const Database& database, std::string_view what) {
  return fail(ErrorCode::kDamaged, fmt::format("{} is damaged: {}", database.path(), what));
}

Status check(Database& database, const Table& table) {
  GL_TRY(const auto found, sums_of(database, table));
  if (found.damaged != 0) {
    return damaged(database, fmt::format("{}: its checksum is wrong{}", found.first,
                                         found.damaged == 1
                                             ? std::string()
                                             : fmt::format(", and those of {} other rows of the "
                                                           "table",
                                                           found.damaged - 1)));
  }
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
  return damaged(
      database,
      found.sums.sum == stored.sum
          ? fmt::format("the numbers assigned in table {} are not known", table.name)
          : fmt::format("table {} has rows that differ from what was written", table.name));
}

}  // namespace

Status make_table_sums(Database& database) { return add_table_sums(database, kFirstWithSums); }

Status add_table_sums(Database& database, std::int64_t version) {
  for (const Table& table : kTables) {
    if (table.since != version) continue;
    GL_TRY(database.run(fill_checksums(table)));
    GL_TRY(const auto found, sums_of(database, table));
    GL_TRY(store(database, table.name, found.sums));
  }
  GL_TRY(const auto definitions, sums_of_definitions(database));
  return store(database, kDefinitions, definitions);
}

Status keep_table_sums(Database& database) {
  std::string script;
  for (const Table& table : kTables) script += triggers_of(table);
  return database.run(script);
}

Status check_table_sums(Database& database, std::int64_t version) {
  GL_TRY(const auto definitions, sums_of_definitions(database));
  GL_TRY(const auto stored, stored_sums(database, kDefinitions));
  if (definitions != stored) {
    return damaged(database, "the definitions of its tables were changed");
  }
  for (const Table& table : kTables) {
    if (table.since > version) continue;
    GL_TRY(check(database, table));
  }
  return {};
}

}  // namespace gridloom::registry
