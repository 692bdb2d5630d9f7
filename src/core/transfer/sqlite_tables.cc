#include "transfer/sqlite_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "storage/wal.h"

namespace gridloom::transfer {
namespace {

using storage::Blob;
using storage::Database;
using storage::Statement;

std::string_view from_of(const SqliteTable& table) {
  return table.from.empty() ? table.name : table.from;
}

// "a, b" of the columns up to `count`.
std::string names_of(const SqliteTable& table, std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) {
    fmt::format_to(std::back_inserter(list), "{}{}", i == 0 ? "" : ", ", table.columns[i].name);
  }
  return list;
}

std::string parameters(std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += i == 0 ? "?" : ", ?";
  return list;
}

// "WHERE ..." of a span, with a parameter for each value of its ends.
std::string where_of(const SqliteTable& table, const Span& span) {
  const std::string keys = names_of(table, table.table.keys);
  const std::string values = parameters(table.table.keys);
  std::string where = fmt::format("WHERE {}", table.where.empty() ? "1" : table.where);
  if (!span.after.empty()) where += fmt::format(" AND ({}) > ({})", keys, values);
  if (!span.through.empty()) where += fmt::format(" AND ({}) <= ({})", keys, values);
  return where;
}

void bind_value(Statement& statement, SqliteType type, const Value& value) {
  if (const auto* const number = std::get_if<std::int64_t>(&value)) {
    statement.bind(*number);
    return;
  }
  const auto& bytes = std::get<std::string>(value);
  if (type == SqliteType::kText) {
    statement.bind(std::string_view(bytes));
  } else {
    statement.bind(Blob{bytes});
  }
}

void bind_span(Statement& statement, const SqliteTable& table, const Span& span) {
  bind(statement, table, span.after);
  bind(statement, table, span.through);
}

Row row_of(const Statement& statement, const SqliteTable& table) {
  Row row;
  row.reserve(table.columns.size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const auto column = static_cast<int>(i);
    if (table.columns[i].type == SqliteType::kInteger) {
      row.emplace_back(statement.integer(column));
    } else {
      row.emplace_back(std::string(statement.bytes(column)));
    }
  }
  return row;
}

Status run(Result<Statement>& statement) {
  if (!statement) return std::unexpected(statement.error());
  const auto stepped = statement->step();
  return stepped ? Status() : std::unexpected(stepped.error());
}

}  // namespace

void bind(Statement& statement, const SqliteTable& table, const Row& row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    bind_value(statement, table.columns[i].type, row[i]);
  }
}

SqliteTables::SqliteTables(Database database, std::vector<SqliteTable> all, Places places)
    : database_(std::move(database)), all_(std::move(all)), places_(places) {}

std::vector<Table> SqliteTables::tables() const {
  std::vector<Table> tables;
  tables.reserve(all_.size());
  for (const SqliteTable& each : all_) tables.push_back(each.table);
  return tables;
}

const SqliteTable& SqliteTables::of(const Table& table) const {
  return *std::ranges::find(all_, table.name,
                            [](const SqliteTable& each) { return each.table.name; });
}

Status SqliteTables::each_row(const Table& table, const Span& span, const OnRow& on_row) {
  const SqliteTable& stored = of(table);
  std::string columns;
  for (const SqliteColumn& column : stored.columns) {
    fmt::format_to(std::back_inserter(columns), "{}, ",
                   column.read.empty() ? column.name : column.read);
  }
  columns += stored.checksum == nullptr ? "NULL" : "checksum";
  GL_TRY(auto statement,
         database_.prepare(fmt::format("SELECT {} FROM {} {} ORDER BY {}", columns, from_of(stored),
                                       where_of(stored, span), names_of(stored, table.keys))));
  bind_span(statement, stored, span);
  const auto checksum = static_cast<int>(stored.columns.size());
  while (true) {
    GL_TRY(const auto stepped, statement.step());
    if (!stepped) return {};
    Row row = row_of(statement, stored);
    // Rows of the first version of a file have no checksums.
    if (!statement.is_null(checksum) && statement.integer(checksum) != stored.checksum(row)) {
      ++damaged_;
      continue;
    }
    GL_TRY(const auto goes_on, on_row(std::move(row)));
    if (!goes_on) return {};
  }
}

Status SqliteTables::make_notes() {
  if (std::exchange(has_notes_, true)) return {};
  return database_.run(
      "CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, place BLOB NOT NULL) STRICT");
}

Status SqliteTables::replace(const Table& table, const Span& span, const std::vector<Row>& rows,
                             const Row& place) {
  const SqliteTable& stored = of(table);
  GL_TRY(auto transaction, storage::Transaction::begin(database_));
  GL_TRY(remove(stored, span));
  GL_TRY(put_all(stored, rows));
  if (places_ == Places::kKept && !place.empty()) {
    GL_TRY(make_notes());
    const std::string bytes = encoded(place, place.size());
    const Status noted = database_.execute("INSERT OR REPLACE INTO migration VALUES (?, ?)",
                                           table.name, Blob{bytes});
    if (!noted) return noted;
  }
  return transaction.commit();
}

Result<Row> SqliteTables::place(const Table& table) {
  if (places_ == Places::kNone) return Row{};
  GL_TRY(make_notes());
  GL_TRY(auto statement, database_.prepare("SELECT place FROM migration WHERE name = ?"));
  statement.bind(table.name);
  GL_TRY(const auto row, statement.step());
  return row ? decoded(statement.bytes(0)) : Row{};
}

Status SqliteTables::replace_all(const std::vector<std::vector<Row>>& rows) {
  GL_TRY(auto transaction, storage::Transaction::begin(database_));
  for (const SqliteTable& table : std::views::reverse(all_)) {
    GL_TRY(remove(table, {}));
  }
  for (std::size_t i = 0; i < all_.size(); ++i) {
    GL_TRY(put_all(all_[i], rows[i]));
  }
  return transaction.commit();
}

Status SqliteTables::remove(const SqliteTable& table, const Span& span) {
  if (table.name.empty()) return {};
  auto statement =
      database_.prepare(fmt::format("DELETE FROM {} {}", table.name, where_of(table, span)));
  if (statement) bind_span(*statement, table, span);
  return run(statement);
}

Status SqliteTables::put_all(const SqliteTable& table, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    GL_TRY(put(table, row));
  }
  return {};
}

Status SqliteTables::put(const SqliteTable& table, const Row& row) {
  std::string values;
  for (const SqliteColumn& column : table.columns) {
    fmt::format_to(std::back_inserter(values), "{}{}", values.empty() ? "" : ", ",
                   column.write.empty() ? "?" : column.write);
  }
  const bool has_checksum = table.checksum != nullptr;
  auto statement = database_.prepare(fmt::format(
      "INSERT INTO {} ({}{}) VALUES ({}{})", table.name, names_of(table, table.columns.size()),
      has_checksum ? ", checksum" : "", values, has_checksum ? ", ?" : ""));
  if (statement) {
    bind(*statement, table, row);
    if (has_checksum) statement->bind(table.checksum(row));
  }
  return run(statement);
}

Status SqliteTables::end() {
  GL_TRY(database_.run("DROP TABLE IF EXISTS migration"));
  storage::empty_wal(database_);
  return {};
}

}  // namespace gridloom::transfer
