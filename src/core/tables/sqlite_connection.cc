#include "tables/sqlite_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <system_error>

#include "storage/files.h"
#include "storage/wal.h"
#include "tables/sqlite_sums.h"

namespace gridloom::tables {
namespace {

using storage::Blob;
using storage::Database;
using storage::Statement;

class StatementRow final : public RowView {
 public:
  explicit StatementRow(const Statement& statement) : statement_(statement) {}
  [[nodiscard]] std::int64_t integer(int column) const override {
    return statement_.integer(column);
  }
  [[nodiscard]] std::string_view bytes(int column) const override {
    return statement_.bytes(column);
  }

 private:
  const Statement& statement_;
};

void bind(Statement& statement, const Value& value) {
  if (const auto* const number = std::get_if<std::int64_t>(&value)) {
    statement.bind(*number);
  } else if (const auto* const bytes = std::get_if<Bytes>(&value)) {
    statement.bind(Blob{bytes->bytes});
  } else {
    statement.bind(bytes_of(value));
  }
}

// As the column stores it.
void bind(Statement& statement, ColumnType type, const Value& value) {
  if (is_number(type)) {
    statement.bind(number_of(value));
  } else if (type == ColumnType::kBytes) {
    statement.bind(Blob{bytes_of(value)});
  } else {
    statement.bind(bytes_of(value));
  }
}

const Column& column_of(const Table& table, std::string_view name) {
  return *std::ranges::find(table.columns, name, &Column::name);
}

// The parameter as the column stores it.
std::string stored(const Column& column, std::size_t parameter) {
  const std::string place = fmt::format("?{}", parameter);
  return column.type == ColumnType::kNumberOrNone ? fmt::format("NULLIF({}, 0)", place) : place;
}

// "a = ?3 AND b = ?4"
std::string condition_of(const Table& table, TableConnection::Names columns, std::size_t first) {
  std::string text;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "{}{} = {}", i == 0 ? "" : " AND ", columns[i],
                   stored(column_of(table, columns[i]), first + i));
  }
  return text;
}

Status step_of(Statement& statement) {
  const auto stepped = statement.step();
  return stepped ? Status() : std::unexpected(stepped.error());
}

}  // namespace

// The transaction ends before its database is closed.
SqliteTableConnection::~SqliteTableConnection() { transaction_.reset(); }

Status SqliteTableConnection::begin(Access access) {
  GL_TRY(auto begun,
         storage::Transaction::begin(database_, access == Access::kReading
                                                    ? storage::Transaction::Kind::kReading
                                                    : storage::Transaction::Kind::kWriting));
  transaction_.emplace(std::move(begun));
  return {};
}

Status SqliteTableConnection::commit() {
  GL_TRY(transaction_->commit());
  transaction_.reset();
  return {};
}

Status SqliteTableConnection::step() {
  GL_TRY(commit());
  return begin(Access::kWriting);
}

Status SqliteTableConnection::atomically(const std::function<Status()>& work) {
  GL_TRY(database_.run("SAVEPOINT change"));
  const Status done = work();
  GL_TRY(database_.run(done ? "RELEASE change" : "ROLLBACK TO change; RELEASE change"));
  return done;
}

Status SqliteTableConnection::each(std::string_view sql, const Parameters& parameters,
                                   const OnRow& on_row) {
  GL_TRY(auto statement, database_.prepare(sql));
  for (const Value& value : parameters) bind(statement, value);
  const StatementRow row(statement);
  while (true) {
    GL_TRY(const bool is_row, statement.step());
    if (!is_row) return {};
    GL_TRY(const bool goes_on, on_row(row));
    if (!goes_on) return {};
  }
}

Status SqliteTableConnection::read_checked(const Table& table, Statement& statement,
                                           const OnRow& on_row, bool& goes_on) {
  const auto checksum = static_cast<int>(table.columns.size());
  const StatementRow row(statement);
  while (goes_on) {
    GL_TRY(const bool is_row, statement.step());
    if (!is_row) return {};
    if (checksum_of(table, row_of(table, row)) == row.integer(checksum)) {
      GL_TRY(const bool more, on_row(row));
      goes_on = more;
      continue;
    }
    ++damaged_;
    if (on_damaged_) on_damaged_(table, row);
  }
  return {};
}

Status SqliteTableConnection::read(const Table& table, std::string_view rest,
                                   const Parameters& parameters, const OnRow& on_row) {
  GL_TRY(auto statement, database_.prepare(fmt::format("SELECT {}, checksum FROM {} {}",
                                                       names_of(table), table.name, rest)));
  for (const Value& value : parameters) bind(statement, value);
  bool goes_on = true;
  return read_checked(table, statement, on_row, goes_on);
}

Status SqliteTableConnection::read_each(const Table& table, Names columns,
                                        std::span<const Row> rows, std::string_view only,
                                        const OnRow& on_row) {
  const std::string sql =
      fmt::format("SELECT {}, checksum FROM {} AS here WHERE {}{}{}", names_of(table), table.name,
                  condition_of(table, columns, 1), only.empty() ? "" : " AND ", only);
  bool goes_on = true;
  for (const Row& row : rows) {
    GL_TRY(auto statement, database_.prepare(sql));
    for (std::size_t i = 0; i < row.size(); ++i) {
      bind(statement, column_of(table, columns[i]).type, row[i]);
    }
    GL_TRY(read_checked(table, statement, on_row, goes_on));
  }
  return {};
}

Status SqliteTableConnection::read_keys(const Table& table, Names columns,
                                        std::span<const Row> rows, const OnRow& on_row) {
  const std::string sql = fmt::format("SELECT {} FROM {} WHERE {}", keys_of(table), table.name,
                                      condition_of(table, columns, 1));
  for (const Row& row : rows) {
    GL_TRY(each(sql, row, on_row));
  }
  return {};
}

Status SqliteTableConnection::write(const Table& table, std::span<const Row> rows,
                                    std::string_view end) {
  std::string places;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    fmt::format_to(std::back_inserter(places), "{}, ", stored(table.columns[i], i + 1));
  }
  const std::string sql = fmt::format("INSERT INTO {} ({}, checksum) VALUES ({}?{}){}", table.name,
                                      names_of(table), places, table.columns.size() + 1, end);
  for (const Row& row : rows) {
    GL_TRY(auto statement, database_.prepare(sql));
    for (std::size_t i = 0; i < row.size(); ++i) bind(statement, table.columns[i].type, row[i]);
    statement.bind(checksum_of(table, row));
    GL_TRY(step_of(statement));
  }
  return {};
}

Status SqliteTableConnection::insert_all(const Table& table, std::span<const Row> rows) {
  return write(table, rows, "");
}

Status SqliteTableConnection::add_missing(const Table& table, std::span<const Row> rows) {
  return write(table, rows, " ON CONFLICT DO NOTHING");
}

Status SqliteTableConnection::put_all(const Table& table, std::span<const Row> rows) {
  std::string set;
  for (const Column& column : table.columns.subspan(table.keys)) {
    fmt::format_to(std::back_inserter(set), "{0} = excluded.{0}, ", column.name);
  }
  return write(table, rows,
               fmt::format(" ON CONFLICT ({}) DO UPDATE SET {}checksum = excluded.checksum",
                           keys_of(table), set));
}

// The checksum is over the columns that stay as well.
Status SqliteTableConnection::update_all(const Table& table, Names columns,
                                         std::span<const Row> rows) {
  std::string set;
  std::string all;
  for (const Column& column : table.columns) {
    const auto at = std::ranges::find(columns, column.name);
    std::string value(column.name);
    if (at != columns.end()) {
      value = stored(column, static_cast<std::size_t>(at - columns.begin()) + 1);
      fmt::format_to(std::back_inserter(set), "{} = {}, ", column.name, value);
    }
    fmt::format_to(std::back_inserter(all), ", {}", summed(column, value));
  }
  std::vector<std::string_view> keys;
  for (const Column& column : table.columns.first(table.keys)) keys.push_back(column.name);
  const std::string sql =
      fmt::format("UPDATE {} SET {}checksum = row_checksum({}{}) WHERE {}", table.name, set,
                  table.number, all, condition_of(table, keys, columns.size() + 1));
  for (const Row& row : rows) {
    GL_TRY(auto statement, database_.prepare(sql));
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string_view name = i < columns.size() ? columns[i] : keys[i - columns.size()];
      bind(statement, column_of(table, name).type, row[i]);
    }
    GL_TRY(step_of(statement));
  }
  return {};
}

Status SqliteTableConnection::remove_all(const Table& table, Names columns,
                                         std::span<const Row> rows, std::string_view only) {
  const std::string sql =
      fmt::format("DELETE FROM {} AS here WHERE {}{}{}", table.name,
                  condition_of(table, columns, 1), only.empty() ? "" : " AND ", only);
  for (const Row& row : rows) {
    GL_TRY(auto statement, database_.prepare(sql));
    for (std::size_t i = 0; i < row.size(); ++i) {
      bind(statement, column_of(table, columns[i]).type, row[i]);
    }
    GL_TRY(step_of(statement));
  }
  return {};
}

Result<std::int64_t> SqliteTableConnection::remove_some(const Table& table, std::string_view where,
                                                        const Parameters& parameters,
                                                        std::int64_t most) {
  const std::string all = fmt::format("DELETE FROM {} WHERE {}", table.name, where);
  const std::string some = fmt::format(
      "DELETE FROM {0} WHERE rowid IN (SELECT rowid FROM {0} WHERE {1} ORDER BY {2} LIMIT {3})",
      table.name, where, keys_of(table), most);
  GL_TRY(each(most == kAll ? all : some, parameters,
              [](const RowView&) -> Result<bool> { return true; }));
  return database_.integer("SELECT changes()");
}

bool SqliteTableConnection::empty_log() { return storage::empty_wal(database_); }

namespace {

std::string_view type_of(ColumnType type) {
  switch (type) {
    case ColumnType::kNumber:
    case ColumnType::kNumberOrNone:
    case ColumnType::kInt:
    case ColumnType::kSmall:
    case ColumnType::kFlag:
      return "INTEGER";
    case ColumnType::kText:
    case ColumnType::kAnyText:
      return "TEXT";
    case ColumnType::kBytes:
      return "BLOB";
  }
  return {};
}

constexpr Dialect kDialect{
    .type_of = type_of,
    .last_column = "checksum INTEGER NOT NULL",
    .end_of = [](const Table& /*table*/) -> std::string_view { return " STRICT"; },
    .has_rowid = true,
};

Status set_format(Database& database, const Schema& schema) {
  GL_TRY(store_sum_of_definitions(database, schema.tables));
  return database.run(fmt::format("PRAGMA user_version = {}", schema.format));
}

Status make_new(SqliteTableConnection& connection, const Schema& schema) {
  Database& database = connection.database();
  std::string script;
  for (const Table* const table : schema.tables) script += making_of(*table, kDialect);
  GL_TRY(database.run(script + making_of_sums(schema.tables)));
  GL_TRY(set_format(database, schema));
  GL_TRY(keep_sums(connection, schema));
  return schema.first_rows == nullptr ? Status() : schema.first_rows(connection);
}

}  // namespace

Status SqliteTableConnection::check(std::span<const Table* const> all) {
  GL_TRY(const auto format, format_of(database_));
  return check_sums(database_, all, format);
}

Status SqliteTableConnection::make(const Table& table) {
  return database_.run(making_of(table, kDialect, MayBeThere::kYes));
}

Status SqliteTableConnection::drop(const Table& table) {
  return database_.run(fmt::format("DROP TABLE IF EXISTS {}", table.name));
}

Result<std::int64_t> format_of(Database& database) {
  GL_TRY(const auto format, database.integer("PRAGMA user_version"));
  if (format != 0) return format;
  GL_TRY(const auto tables, database.integer("SELECT count(*) FROM sqlite_schema"));
  if (tables == 0) return 0;
  // Registries had their number in a table.
  GL_TRY(const auto named,
         database.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'schema_version'"));
  if (named != 0) return database.integer("SELECT version FROM schema_version");
  return fail(ErrorCode::kMalformed,
              fmt::format("{} contains the tables of another program", database.path()));
}

Status make_tables(SqliteTableConnection& connection, const Schema& schema) {
  Database& database = connection.database();
  GL_TRY(auto transaction, Transaction::begin(connection));
  GL_TRY(const auto found, format_of(database));
  GL_TRY(check_format(schema, found, database.path()));
  if (found == schema.format) return transaction.commit();
  if (found == 0) {
    GL_TRY(make_new(connection, schema));
    return transaction.commit();
  }
  if (found < kFirstFormat) {
    return fail(ErrorCode::kMalformed,
                fmt::format("{} has format {}, which was not converted", database.path(), found));
  }
  GL_TRY(check_sums(database, schema.tables, found));
  GL_TRY(database.run(growth_of(schema, found, kDialect) + making_of_sums(schema.tables)));
  GL_TRY(set_format(database, schema));
  return transaction.commit();
}

Status keep_sums(SqliteTableConnection& connection, const Schema& schema) {
  return connection.database().run(triggers_of_sums(schema.tables));
}

Result<std::unique_ptr<TableConnection>> open_sqlite_to_read(const std::filesystem::path& file,
                                                             const Schema& schema,
                                                             DamagedRows damaged) {
  std::error_code unknown;
  if (!std::filesystem::exists(file, unknown)) {
    return fail(ErrorCode::kNotFound, fmt::format("{} does not exist", file.string()));
  }
  GL_TRY(auto database, Database::open_to_read(file, Database::Writers::kMaybe));
  GL_TRY(const auto format, format_of(database));
  if (format != schema.format) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} was written by another version of Gridloom: start the server of "
                            "this version once",
                            file.string()));
  }
  auto connection = std::make_unique<SqliteTableConnection>(std::move(database));
  if (damaged == DamagedRows::kRefused) {
    GL_TRY(const auto reading, Transaction::begin(*connection, TableConnection::Access::kReading));
    GL_TRY(connection->check(schema.tables));
    GL_TRY(const auto checked, check_rows(connection->database(), schema.tables));
    if (!checked.damages.empty()) {
      return fail(ErrorCode::kDamaged,
                  fmt::format("{}: {}; start the server once, which leaves out what cannot be read",
                              file.string(), checked.damages.front()));
    }
  }
  return connection;
}

Result<std::unique_ptr<TableConnection>> open_sqlite_to_write(const std::filesystem::path& file,
                                                              const Schema& schema) {
  GL_TRY(storage::make_private(file));
  GL_TRY(auto database, Database::open(file));
  auto connection = std::make_unique<SqliteTableConnection>(std::move(database));
  GL_TRY(make_tables(*connection, schema));
  GL_TRY(keep_sums(*connection, schema));
  return connection;
}

Result<RowsCheck> check_rows(Database& database, std::span<const Table* const> all) {
  RowsCheck check;
  GL_TRY(const auto format, format_of(database));
  for (const Table* const table : all) {
    GL_TRY(each_sum(database, *table, format, [&check](const RowSum& row) {
      ++check.rows;
      if (!row.is_good) check.damages.push_back(row.place + ": its checksum is wrong");
    }));
  }
  return check;
}

Result<std::vector<std::string>> remove_damaged_rows(Database& database,
                                                     std::span<const Table* const> all) {
  std::vector<std::string> places;
  GL_TRY(const auto format, format_of(database));
  for (const Table* const table : all) {
    std::vector<std::int64_t> rows;
    GL_TRY(each_sum(database, *table, format, [&](const RowSum& row) {
      if (row.is_good) return;
      rows.push_back(row.rowid);
      places.push_back(row.place);
    }));
    for (const std::int64_t row : rows) {
      GL_TRY(database.execute(fmt::format("DELETE FROM {} WHERE rowid = ?", table->name), row));
    }
  }
  return places;
}

}  // namespace gridloom::tables
