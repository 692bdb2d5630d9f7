#include "tables/schema.h"

#include <fmt/format.h>

#include <iterator>

namespace gridloom::tables {
namespace {

std::string_view initial_of(ColumnType type) {
  if (type == ColumnType::kFlag) return "FALSE";
  return is_number(type) ? "0" : "''";
}

std::string column_of(const Table& table, const Column& column, const Dialect& dialect) {
  std::string text = fmt::format("{} {}", column.name, dialect.type_of(column.type));
  const bool is_key = table.keys == 1 && column.name == table.columns.front().name &&
                      (!table.has_long_key || dialect.long_key.empty());
  const bool is_rowid = dialect.has_rowid && column.name == table.rowid;
  if (is_key || is_rowid) {
    text += " PRIMARY KEY";
  } else if (column.type != ColumnType::kNumberOrNone) {
    text += " NOT NULL";
  }
  if (column.is_unique) text += " UNIQUE";
  if (column.since != 0) text += fmt::format(" DEFAULT {}", initial_of(column.type));
  if (column.refers_to.empty()) return text;
  return text + fmt::format(" REFERENCES {} ON DELETE {}", column.refers_to,
                            column.referred == Referred::kTakesAlong ? "CASCADE" : "RESTRICT");
}

std::string index_of(const Table& table, const Index& index) {
  return fmt::format("CREATE INDEX {} ON {} ({}){}{};\n", index.name, table.name, index.columns,
                     index.where.empty() ? "" : " WHERE ", index.where);
}

}  // namespace

std::string making_of(const Table& table, const Dialect& dialect, MayBeThere may_be_there) {
  std::string text = fmt::format(
      "CREATE TABLE {}{} (", may_be_there == MayBeThere::kYes ? "IF NOT EXISTS " : "", table.name);
  for (const Column& column : table.columns) {
    fmt::format_to(std::back_inserter(text), "{}\n  {}",
                   column.name == table.columns.front().name ? "" : ",",
                   column_of(table, column, dialect));
  }
  for (const Derived& each : table.derived) {
    if (!dialect.has_derived) break;
    text += fmt::format(",\n  {} {} NOT NULL", each.name, dialect.type_of(each.type));
  }
  if (!dialect.last_column.empty()) text += fmt::format(",\n  {}", dialect.last_column);
  if (!table.check.empty()) text += fmt::format(",\n  CHECK ({})", table.check);
  if (table.keys > 1) {
    const bool has_own_key = dialect.has_rowid && !table.rowid.empty();
    text += fmt::format(",\n  {} ({})", has_own_key ? "UNIQUE" : "PRIMARY KEY", keys_of(table));
  }
  text += fmt::format("\n){};\n", dialect.end_of(table));
  for (const Index& index : table.indexes) text += index_of(table, index);
  if (table.has_long_key && !dialect.long_key.empty()) {
    text += fmt::format("CREATE UNIQUE INDEX {0}_key ON {0} ({1}({2}));\n", table.name,
                        dialect.long_key, keys_of(table));
  }
  return text;
}

std::string growth_of(const Schema& schema, std::int64_t from, const Dialect& dialect) {
  std::string text;
  for (const Table* const table : schema.tables) {
    if (table->since > from) {
      text += making_of(*table, dialect);
      continue;
    }
    for (const Column& column : table->columns) {
      if (column.since <= from) continue;
      text += fmt::format("ALTER TABLE {} ADD COLUMN {};\n", table->name,
                          column_of(*table, column, dialect));
    }
  }
  return text;
}

Status check_format(const Schema& schema, std::int64_t found, std::string_view where) {
  if (found <= schema.format) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("{} has format {} of the {}, and this version of Gridloom reads formats "
                          "up to {}: use a newer version",
                          where, found, schema.name, schema.format));
}

}  // namespace gridloom::tables
