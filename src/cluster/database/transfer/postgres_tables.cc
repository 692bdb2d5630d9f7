#include "database/transfer/postgres_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "postgres/connection.h"
#include "postgres/copy.h"

namespace gridloom::transfer {
namespace {

using postgres::Bytes;
using postgres::Connection;
using postgres::CopyIn;
using postgres::Transaction;
using postgres::Values;

constexpr std::int64_t kAtOnce = 500;  // rows in memory

std::string names_of(const PostgresTable& table, std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) {
    fmt::format_to(std::back_inserter(list), "{}{}", i == 0 ? "" : ", ", table.columns[i].name);
  }
  return list;
}

// The names of the keys, compared by their bytes as SQLite does.
std::string keys_of(const PostgresTable& table) {
  std::string list;
  for (std::size_t i = 0; i < table.table.keys; ++i) {
    const PostgresColumn& column = table.columns[i];
    fmt::format_to(std::back_inserter(list), "{}{}{}", i == 0 ? "" : ", ", column.name,
                   column.type == PostgresType::kText ? " COLLATE \"C\"" : "");
  }
  return list;
}

// A value as a parameter whose type a comparison with the column takes.
void add_key(Values& values, PostgresType type, const Value& value) {
  if (const auto* const number = std::get_if<std::int64_t>(&value)) return values.add(*number);
  const auto& bytes = std::get<std::string>(value);
  if (type == PostgresType::kText) return values.add(std::string_view(bytes));
  values.add(Bytes{bytes});
}

// A value with exactly the type of the column.
void add_column(Values& values, PostgresType type, const Value& value) {
  const auto* const number = std::get_if<std::int64_t>(&value);
  if (number == nullptr) return add_key(values, type, value);
  switch (type) {
    case PostgresType::kBigintOrNull:
      return values.add(*number == 0 ? std::nullopt : std::optional(*number));
    case PostgresType::kInt:
      return values.add(static_cast<std::int32_t>(*number));
    case PostgresType::kSmallint:
      return values.add(static_cast<std::int16_t>(*number));
    case PostgresType::kBoolean:
      return values.add(*number != 0);
    case PostgresType::kBigint:
    case PostgresType::kText:
    case PostgresType::kBytea:
      return values.add(*number);
  }
}

Row row_of(const postgres::Row& stored, const PostgresTable& table) {
  Row row;
  row.reserve(table.columns.size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const auto column = static_cast<int>(i);
    switch (table.columns[i].type) {
      case PostgresType::kText:
      case PostgresType::kBytea:
        row.emplace_back(std::string(stored.bytes(column)));
        break;
      case PostgresType::kBoolean:
        row.emplace_back(std::int64_t{stored.boolean(column) ? 1 : 0});
        break;
      case PostgresType::kBigint:
      case PostgresType::kBigintOrNull:
      case PostgresType::kInt:
      case PostgresType::kSmallint:
        row.emplace_back(stored.integer(column));
        break;
    }
  }
  return row;
}

Row key_of(const Table& table, const Row& row) {
  return {row.begin(), row.begin() + static_cast<std::ptrdiff_t>(table.keys)};
}

Status status_of(const auto& result) { return result ? Status() : std::unexpected(result.error()); }

std::string place_note(const Table& table) { return fmt::format("place of {}", table.name); }

}  // namespace

PostgresTables::PostgresTables(Connection& connection, std::vector<PostgresTable> all)
    : connection_(connection), all_(std::move(all)) {}

std::vector<Table> PostgresTables::tables() const {
  std::vector<Table> tables;
  tables.reserve(all_.size());
  for (const PostgresTable& each : all_) tables.push_back(each.table);
  return tables;
}

const PostgresTable& PostgresTables::of(const Table& table) const {
  return *std::ranges::find(all_, table.name,
                            [](const PostgresTable& each) { return each.table.name; });
}

PostgresTables::Where PostgresTables::where_of(const PostgresTable& table, const Span& span) {
  Where where{.sql = "WHERE true", .values = {}};
  const auto add = [&](std::string_view relation, const Row& end) {
    if (end.empty()) return;
    std::string parameters;
    for (std::size_t i = 0; i < table.table.keys; ++i) {
      add_key(where.values, table.columns[i].type, end[i]);
      fmt::format_to(std::back_inserter(parameters), "{}${}", i == 0 ? "" : ", ",
                     where.values.size());
    }
    fmt::format_to(std::back_inserter(where.sql), " AND ({}) {} ({})", keys_of(table), relation,
                   parameters);
  };
  add(">", span.after);
  add("<=", span.through);
  return where;
}

Status PostgresTables::each_row(const Table& table, const Span& span, const OnRow& on_row) {
  const PostgresTable& stored = of(table);
  std::string columns;
  for (const PostgresColumn& column : stored.columns) {
    fmt::format_to(std::back_inserter(columns), "{}{}", columns.empty() ? "" : ", ",
                   column.read.empty() ? column.name : column.read);
  }
  Span left = span;
  while (true) {
    const Where where = where_of(stored, left);
    GL_TRY(const auto rows, connection_.query_values(
                                fmt::format("SELECT {} FROM {} {} ORDER BY {} LIMIT {}", columns,
                                            stored.name, where.sql, keys_of(stored), kAtOnce),
                                where.values));
    for (const postgres::Row each : rows) {
      Row row = row_of(each, stored);
      left.after = key_of(table, row);
      GL_TRY(const auto goes_on, on_row(std::move(row)));
      if (!goes_on) return {};
    }
    if (rows.size() < static_cast<std::size_t>(kAtOnce)) return {};
  }
}

Status PostgresTables::replace(const Table& table, const Span& span, const std::vector<Row>& rows,
                               const Row& place) {
  const PostgresTable& stored = of(table);
  GL_TRY(prepare(stored, rows));
  GL_TRY(auto transaction, Transaction::begin(connection_));
  Status done = removing(stored, span);
  if (done) done = remove(stored, span);
  if (done && !rows.empty()) done = put(stored, rows);
  if (done && !place.empty()) {
    done = set_note(connection_, place_note(table), encoded(place, place.size()));
  }
  return done ? transaction.commit() : done;
}

Result<Row> PostgresTables::place(const Table& table) {
  GL_TRY(const auto text, note(connection_, place_note(table)));
  return decoded(text);
}

Status PostgresTables::replace_all(const std::vector<std::vector<Row>>& rows) {
  GL_TRY(auto transaction, Transaction::begin(connection_));
  for (const PostgresTable& table : std::views::reverse(all_)) {
    GL_TRY(remove(table, {}));
  }
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (rows[i].empty()) continue;
    GL_TRY(put(all_[i], rows[i]));
  }
  return transaction.commit();
}

Status PostgresTables::prepare(const PostgresTable& /*table*/, const std::vector<Row>& /*rows*/) {
  return {};
}

Status PostgresTables::removing(const PostgresTable& /*table*/, const Span& /*span*/) { return {}; }

Status PostgresTables::remove(const PostgresTable& table, const Span& span) {
  const Where where = where_of(table, span);
  return status_of(connection_.query_values(fmt::format("DELETE FROM {} {}", table.name, where.sql),
                                            where.values));
}

Status PostgresTables::put(const PostgresTable& table, const std::vector<Row>& rows) {
  CopyIn copy(connection_);
  Status done = copy.begin(fmt::format("COPY {} ({}) FROM STDIN BINARY", table.name,
                                       names_of(table, table.columns.size())));
  for (const Row& row : rows) {
    if (!done) return done;
    Values values;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      add_column(values, table.columns[i].type, row[i]);
    }
    done = copy.row_of(values);
  }
  return done ? status_of(copy.finish()) : done;
}

Status make_notes(Connection& connection) {
  return connection.run(
      fmt::format("CREATE TABLE IF NOT EXISTS {}.migration (name text PRIMARY KEY, "
                  "text bytea NOT NULL)",
                  connection.schema()));
}

Status set_note(Connection& connection, std::string_view name, std::string_view text) {
  return status_of(
      connection.execute("INSERT INTO migration VALUES ($1, $2) ON CONFLICT (name) "
                         "DO UPDATE SET text = excluded.text",
                         name, Bytes{text}));
}

Result<std::string> note(Connection& connection, std::string_view name) {
  GL_TRY(const auto rows, connection.query("SELECT text FROM migration WHERE name = $1", name));
  return rows.empty() ? std::string() : std::string(rows[0].bytes(0));
}

Status remove_notes(Connection& connection) {
  return status_of(connection.execute("DELETE FROM migration"));
}

Result<bool> has_notes(Connection& connection) {
  GL_TRY(const auto there, connection.query("SELECT to_regclass('migration') IS NOT NULL"));
  if (!there[0].boolean(0)) return false;
  GL_TRY(const auto notes, connection.integer("SELECT count(*) FROM migration"));
  return notes != 0;
}

Result<bool> has_tables(Connection& connection) {
  GL_TRY(const auto there, connection.query("SELECT to_regclass('schema_version') IS NOT NULL"));
  return there[0].boolean(0);
}

Status check_no_migration(Connection& connection) {
  const auto any = has_notes(connection);
  if (!any || !*any) return status_of(any);
  GL_TRY(const auto moved, note(connection, kMovedNote));
  if (!moved.empty()) {
    return fail(ErrorCode::kConflict,
                fmt::format("the data of the database were moved to {}: `gridloom migrate` moves "
                            "them back",
                            moved));
  }
  return fail(ErrorCode::kConflict,
              "the database has a part of the data that `gridloom migrate` moves to it: run that "
              "command again until it says that all are moved");
}

}  // namespace gridloom::transfer
