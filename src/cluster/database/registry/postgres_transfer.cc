#include "database/registry/postgres_transfer.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "database/registry/migrations.h"
#include "postgres/migrate.h"
#include "registry/transfer_tables.h"

namespace gridloom::registry {
namespace {

using postgres::Connection;
using transfer::bytes_in;
using transfer::number_in;
using transfer::PostgresTable;
using transfer::PostgresTables;
using transfer::PostgresType;
using transfer::Row;
using transfer::Span;

PostgresType type_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kNumber:
      return PostgresType::kBigint;
    case ColumnKind::kNumberOrNone:
      return PostgresType::kBigintOrNull;
    case ColumnKind::kInt:
      return PostgresType::kInt;
    case ColumnKind::kSmall:
      return PostgresType::kSmallint;
    case ColumnKind::kFlag:
      return PostgresType::kBoolean;
    case ColumnKind::kText:
      return PostgresType::kText;
    case ColumnKind::kSealed:
      return PostgresType::kBytea;
  }
  return {};
}

std::vector<PostgresTable> all_tables() {
  std::vector<PostgresTable> all;
  for (const TransferTable& each : transfer_tables()) {
    PostgresTable table{.table = each.table, .name = each.name, .columns = {}};
    for (const TransferColumn& column : each.columns) {
      table.columns.push_back({.name = column.name, .type = type_of(column.kind)});
    }
    all.push_back(std::move(table));
  }
  return all;
}

class RegistryTables final : public PostgresTables {
 public:
  explicit RegistryTables(Connection& connection) : PostgresTables(connection, all_tables()) {}

  [[nodiscard]] Unit unit() const override { return Unit::kStore; }

 private:
  // The one row of `revision` has a column of its own here, by which other processes notice
  // changes.
  Status remove(const PostgresTable& table, const Span& span) override {
    if (table.table.name == kRevisionTable.name) return {};
    return PostgresTables::remove(table, span);
  }
  Status put(const PostgresTable& table, const std::vector<Row>& rows) override {
    if (table.table.name != kRevisionTable.name) return PostgresTables::put(table, rows);
    const auto put = connection().execute(
        "UPDATE revision SET registry = $1, database = $1, number = $2, "
        "change = change + 1",
        bytes_in(rows.front(), 1), number_in(rows.front(), 2));
    return put ? Status() : std::unexpected(put.error());
  }
};

}  // namespace

Result<std::unique_ptr<PostgresTables>> open_postgres_tables(Connection& connection) {
  GL_TRY(postgres::migrate(connection, kPostgresPart, postgres_migrations()));
  return std::make_unique<RegistryTables>(connection);
}

}  // namespace gridloom::registry
