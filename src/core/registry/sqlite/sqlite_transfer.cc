#include "registry/sqlite/sqlite_transfer.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>
#include <vector>

#include "registry/sqlite/migrations.h"
#include "registry/sqlite/table_sums.h"
#include "registry/transfer_tables.h"
#include "storage/files.h"

namespace gridloom::registry {
namespace {

using storage::Database;
using transfer::bytes_in;
using transfer::number_in;
using transfer::Row;
using transfer::SqliteColumn;
using transfer::SqliteTable;
using transfer::SqliteTables;
using transfer::SqliteType;

// SQLite counts the numbers that it gives in a table of its own, which has a row for each table
// that ever had one.
constexpr std::string_view kNumbers =
    "(SELECT column1 AS name, ifnull((SELECT seq FROM sqlite_sequence WHERE name = column1), 0) AS "
    "highest FROM (VALUES ('accounts'), ('access_keys'), ('tokens'), ('browser_sessions'), "
    "('devices'), ('bridges')))";

SqliteColumn column_of(const TransferColumn& column) {
  switch (column.kind) {
    case ColumnKind::kText:
      return {.name = column.name, .type = SqliteType::kText};
    case ColumnKind::kSealed:
      return {.name = column.name, .type = SqliteType::kBlob};
    case ColumnKind::kNumberOrNone:
      return {.name = column.name, .read = "ifnull(account, 0)", .write = "NULLIF(?, 0)"};
    case ColumnKind::kNumber:
    case ColumnKind::kInt:
    case ColumnKind::kSmall:
    case ColumnKind::kFlag:
      return {.name = column.name};
  }
  return {};
}

std::vector<SqliteTable> all_tables() {
  std::vector<SqliteTable> all;
  for (const TransferTable& each : transfer_tables()) {
    SqliteTable table{.table = each.table, .name = each.name, .columns = {}};
    for (const TransferColumn& column : each.columns) table.columns.push_back(column_of(column));
    // Their rows are changed, and not removed.
    if (each.table.name == kRevisionTable.name) std::swap(table.name, table.from);
    if (each.table.name == kNumbersTable.name) {
      table.name = {};
      table.from = kNumbers;
    }
    all.push_back(std::move(table));
  }
  return all;
}

class RegistryTables final : public SqliteTables {
 public:
  explicit RegistryTables(Database database)
      : SqliteTables(std::move(database), all_tables(), transfer::Places::kNone) {}

  [[nodiscard]] Unit unit() const override { return Unit::kStore; }

 private:
  Status put(const SqliteTable& table, const Row& row) override {
    if (table.table.name == kRevisionTable.name) {
      return database().execute("UPDATE revision SET registry = ?, number = ?", bytes_in(row, 1),
                                number_in(row, 2));
    }
    if (table.table.name == kNumbersTable.name) return put_number(row);
    return SqliteTables::put(table, row);
  }

  Status put_number(const Row& row) {
    const std::string& name = bytes_in(row, 0);
    const std::int64_t highest = number_in(row, 1);
    Status done = database().execute("DELETE FROM sqlite_sequence WHERE name = ?", name);
    if (done && highest != 0) {
      done = database().execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", name,
                                highest);
    }
    if (!done) return done;
    return database().execute("UPDATE table_sums SET highest = ? WHERE name = ?", highest, name);
  }
};

}  // namespace

Result<std::unique_ptr<SqliteTables>> open_sqlite_source(const std::filesystem::path& data) {
  const std::filesystem::path file = data / "registry.sqlite";
  std::error_code unknown;
  if (!std::filesystem::exists(file, unknown)) {
    return fail(ErrorCode::kNotFound, fmt::format("{} does not exist", file.string()));
  }
  GL_TRY(auto database, Database::open_to_read(file, Database::Writers::kMaybe));
  GL_TRY(const auto version, schema_version(database));
  if (version != migrations().back().version) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} was written by another version of Gridloom: start the server of "
                            "this version once",
                            file.string()));
  }
  GL_TRY(database.run("BEGIN"));
  GL_TRY(check_table_sums(database, version));
  GL_TRY(database.run("COMMIT"));
  return std::make_unique<RegistryTables>(std::move(database));
}

Result<std::unique_ptr<SqliteTables>> open_sqlite_target(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "registry.sqlite";
  GL_TRY(storage::make_private(file));
  GL_TRY(auto database, Database::open(file));
  GL_TRY(migrate(database, migrations()));
  GL_TRY(keep_table_sums(database));
  return std::make_unique<RegistryTables>(std::move(database));
}

}  // namespace gridloom::registry
