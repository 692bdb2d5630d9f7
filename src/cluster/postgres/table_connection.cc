#include "postgres/table_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "postgres/copy.h"
#include "postgres/migrate.h"

namespace gridloom::postgres {
namespace {

using tables::Column;
using tables::OnRow;
using tables::Parameters;
using tables::Table;

// Fewer rows are one statement with the others.
constexpr std::size_t kLeastCopied = 64;
constexpr std::size_t kSendBytes = std::size_t{4} * 1024 * 1024;

class RowOf final : public tables::RowView {
 public:
  explicit RowOf(const Row& row) : row_(row) {}
  [[nodiscard]] std::int64_t integer(int column) const override { return row_.integer(column); }
  [[nodiscard]] std::string_view bytes(int column) const override { return row_.bytes(column); }

 private:
  const Row& row_;
};

Values values_of(const Parameters& parameters) {
  Values values;
  for (const tables::Value& each : parameters) {
    if (const auto* const number = std::get_if<std::int64_t>(&each)) {
      values.add(*number);
    } else if (const auto* const text = std::get_if<std::string_view>(&each)) {
      values.add(*text);
    } else {
      values.add(Bytes{tables::bytes_of(each)});
    }
  }
  return values;
}

// A value with exactly the type of the column, as a COPY needs it.
void add_exactly(Values& values, tables::ColumnType type, const tables::Value& value) {
  const std::int64_t number = tables::number_of(value);
  switch (type) {
    case tables::ColumnType::kNumber:
      return values.add(number);
    case tables::ColumnType::kNumberOrNone:
      return values.add(number == 0 ? std::nullopt : std::optional(number));
    case tables::ColumnType::kInt:
      return values.add(static_cast<std::int32_t>(number));
    case tables::ColumnType::kSmall:
      return values.add(static_cast<std::int16_t>(number));
    case tables::ColumnType::kFlag:
      return values.add(number != 0);
    case tables::ColumnType::kText:
      return values.add(tables::bytes_of(value));
    case tables::ColumnType::kAnyText:
    case tables::ColumnType::kBytes:
      return values.add(Bytes{tables::bytes_of(value)});
  }
}

// The values of one column of all rows, as an array.
void add_array(Values& values, tables::ColumnType type, std::span<const tables::Row> rows,
               std::size_t column) {
  if (tables::is_number(type)) {
    std::vector<std::int64_t> numbers;
    numbers.reserve(rows.size());
    for (const tables::Row& row : rows) numbers.push_back(tables::number_of(row[column]));
    return values.add(std::span<const std::int64_t>(numbers));
  }
  if (type == tables::ColumnType::kText) {
    std::vector<std::string_view> texts;
    texts.reserve(rows.size());
    for (const tables::Row& row : rows) texts.push_back(tables::bytes_of(row[column]));
    return values.add(std::span<const std::string_view>(texts));
  }
  std::vector<Bytes> all;
  all.reserve(rows.size());
  for (const tables::Row& row : rows) all.push_back({tables::bytes_of(row[column])});
  values.add(std::span<const Bytes>(all));
}

const Column& column_of(const Table& table, std::string_view name) {
  return *std::ranges::find(table.columns, name, &Column::name);
}

// Adds the derived columns of all rows, as arrays.
void add_derived(Values& values, const Table& table, std::span<const tables::Row> rows) {
  for (const tables::Derived& each : table.derived) {
    std::vector<std::string> texts;
    texts.reserve(rows.size());
    for (const tables::Row& row : rows) texts.push_back(each.value(row));
    if (tables::is_number(each.type)) {
      std::vector<std::int64_t> numbers;
      numbers.reserve(texts.size());
      for (const std::string& text : texts) numbers.push_back(text.empty() ? 0 : 1);
      values.add(std::span<const std::int64_t>(numbers));
    } else {
      const std::vector<std::string_view> views(texts.begin(), texts.end());
      values.add(std::span<const std::string_view>(views));
    }
  }
}

// Rows that are parameters: "unnest($1, $2) AS of (a, b)", and the arrays.
class RowsGiven {
 public:
  enum class With : std::uint8_t { kGiven, kDerived };
  RowsGiven(const Table& table, std::span<const std::string_view> names,
            std::span<const tables::Row> rows, With with = With::kGiven) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      add(names[i]);
      add_array(values_, column_of(table, names[i]).type, rows, i);
    }
    if (with == With::kDerived) {
      for (const tables::Derived& each : table.derived) add(each.name);
      add_derived(values_, table, rows);
    }
    sql_ = fmt::format("unnest({}) AS of ({})", arrays_, list_);
  }
  [[nodiscard]] const std::string& sql() const { return sql_; }
  [[nodiscard]] Values take() { return std::move(values_); }

 private:
  void add(std::string_view name) {
    const std::string_view comma = count_ == 0 ? "" : ", ";
    fmt::format_to(std::back_inserter(arrays_), "{}${}", comma, ++count_);
    fmt::format_to(std::back_inserter(list_), "{}{}", comma, name);
  }

  std::size_t count_ = 0;
  std::string arrays_;
  std::string list_;
  std::string sql_;
  Values values_;
};

// The value of a given row as its column takes it.
std::string given(const Column& column) {
  switch (column.type) {
    case tables::ColumnType::kFlag:
      return fmt::format("(of.{} <> 0)", column.name);
    case tables::ColumnType::kNumberOrNone:
      return fmt::format("NULLIF(of.{}, 0)", column.name);
    case tables::ColumnType::kNumber:
    case tables::ColumnType::kInt:
    case tables::ColumnType::kSmall:
    case tables::ColumnType::kText:
    case tables::ColumnType::kAnyText:
    case tables::ColumnType::kBytes:
      break;
  }
  return fmt::format("of.{}", column.name);
}

constexpr std::string_view kShort = "sha256";  // makes a long key short

std::string equals(const Table& table, const Column& column) {
  const bool is_long = table.has_long_key && column.name == table.columns.front().name;
  if (is_long) return fmt::format("{0}(here.{1}) = {0}(of.{1})", kShort, column.name);
  return fmt::format("here.{} = {}", column.name, given(column));
}

std::string condition_of(const Table& table, std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) {
    fmt::format_to(std::back_inserter(text), "{}{}", text.empty() ? "" : " AND ",
                   equals(table, column_of(table, name)));
  }
  return text;
}

std::vector<std::string_view> names_in(std::span<const Column> columns) {
  std::vector<std::string_view> names;
  names.reserve(columns.size());
  for (const Column& column : columns) names.push_back(column.name);
  return names;
}

std::string all_names_of(const Table& table) {
  std::string names = names_of(table);
  for (const tables::Derived& each : table.derived) {
    fmt::format_to(std::back_inserter(names), ", {}", each.name);
  }
  return names;
}

std::string insertion_of(const Table& table, const RowsGiven& given_rows) {
  std::string values;
  for (const Column& column : table.columns) {
    fmt::format_to(std::back_inserter(values), "{}{}", values.empty() ? "" : ", ", given(column));
  }
  for (const tables::Derived& each : table.derived) {
    values += ", " + given({.name = each.name, .type = each.type});
  }
  return fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}", table.name, all_names_of(table),
                     values, given_rows.sql());
}

Status status_of(const auto& result) { return result ? Status() : std::unexpected(result.error()); }

Status copy_rows(postgres::Connection& connection, const Table& table,
                 std::span<const tables::Row> rows) {
  CopyIn copy(connection);
  GL_TRY(
      copy.begin(fmt::format("COPY {} ({}) FROM STDIN BINARY", table.name, all_names_of(table))));
  Values values;
  for (const tables::Row& row : rows) {
    values.clear();
    for (std::size_t i = 0; i < row.size(); ++i) {
      add_exactly(values, table.columns[i].type, row[i]);
    }
    for (const tables::Derived& each : table.derived) {
      const std::string text = each.value(row);
      add_exactly(values, each.type,
                  tables::is_number(each.type) ? tables::Value(std::int64_t{text.empty() ? 0 : 1})
                                               : tables::Value(text));
    }
    GL_TRY(copy.row_of(values));
  }
  return status_of(copy.finish());
}

}  // namespace

PostgresTableConnection::~PostgresTableConnection() { end(); }

Result<postgres::Connection*> PostgresTableConnection::connection() {
  if (is_in_transaction()) return connection_;
  GL_TRY(const auto made, connect());
  connection_ = made;
  return made;
}

Result<PostgresTableConnection::Pending*> PostgresTableConnection::pending() {
  if (!pending_) {
    GL_TRY(const auto used, connection());
    pending_.emplace(Pipeline(*used));
  }
  return &*pending_;
}

Status PostgresTableConnection::begin(Access access) {
  outcome_ = Transaction::Outcome::kOpen;
  if (access == Access::kReading) {
    GL_TRY(const auto statements, pending());
    statements->pipeline.add("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    reading_ = Reading::kAsked;
    return {};
  }
  GL_TRY(const auto used, connection());
  GL_TRY(auto begun, Transaction::begin(*used));
  transaction_.emplace(std::move(begun));
  return {};
}

Status PostgresTableConnection::commit() {
  if (reading_ != Reading::kNone) return end(), Status();
  GL_TRY(send());
  const Status done = transaction_->commit();
  outcome_ = transaction_->outcome();
  transaction_.reset();
  return done;
}

void PostgresTableConnection::end() {
  pending_.reset();
  transaction_.reset();
  // Nothing was changed, so that it does not matter how it ends.
  if (std::exchange(reading_, Reading::kNone) == Reading::kBegun) connection_->post("ROLLBACK");
}

Status PostgresTableConnection::lock(std::string_view name) {
  return add("SELECT pg_advisory_xact_lock(hashtext($1 || current_schema()))",
             values_of({fmt::format("gridloom {} ", name)}));
}

Status PostgresTableConnection::atomically(const std::function<Status()>& work) {
  // Not with the changes before it, whose errors are not of `work`.
  if (reading_ == Reading::kNone) {
    GL_TRY(send());
  }
  GL_TRY(add("SAVEPOINT change", {}));
  Status done = work();
  if (done) {
    GL_TRY(add("RELEASE SAVEPOINT change", {}));
    done = send();
  }
  if (done) return {};
  pending_.reset();
  if (connection_->is_alive()) {
    GL_TRY(connection_->run("ROLLBACK TO SAVEPOINT change"));
  }
  return done;
}

Status PostgresTableConnection::send() {
  if (!pending_) return {};
  if (reading_ == Reading::kAsked) reading_ = Reading::kBegun;
  const auto sent = pending_->pipeline.run();
  pending_.reset();
  return status_of(sent);
}

Status PostgresTableConnection::add(std::string_view sql, Values values) {
  GL_TRY(const auto statements, pending());
  statements->bytes += values.fields().size();
  statements->pipeline.add_values(sql, std::move(values));
  // Without a transaction each change is one.
  return statements->bytes >= kSendBytes || !is_in_transaction() ? send() : Status();
}

Status PostgresTableConnection::stream(std::string_view sql, Values values, const OnRow& on_row) {
  GL_TRY(const auto statements, pending());
  if (reading_ == Reading::kAsked) reading_ = Reading::kBegun;
  statements->pipeline.add_values(sql, std::move(values));
  Status done = statements->pipeline.run([&on_row](const Row& row) { return on_row(RowOf(row)); });
  pending_.reset();
  return done;
}

Status PostgresTableConnection::each(std::string_view sql, const Parameters& parameters,
                                     const OnRow& on_row) {
  return stream(sql, values_of(parameters), on_row);
}

Status PostgresTableConnection::read(const Table& table, std::string_view rest,
                                     const Parameters& parameters, const OnRow& on_row) {
  return stream(fmt::format("SELECT {} FROM {} {}", names_of(table), table.name, rest),
                values_of(parameters), on_row);
}

// OFFSET 0 keeps the planner from looking at the whole table once instead of once for each row.
Status PostgresTableConnection::read_each(const Table& table, Names columns,
                                          std::span<const tables::Row> rows, std::string_view only,
                                          const OnRow& on_row) {
  if (rows.empty()) return {};
  RowsGiven all(table, columns, rows);
  const std::string sql = fmt::format(
      "SELECT found.* FROM {} CROSS JOIN LATERAL (SELECT {} FROM {} AS here WHERE {}{}{} OFFSET 0) "
      "AS found",
      all.sql(), names_of(table), table.name, condition_of(table, columns),
      only.empty() ? "" : " AND ", only);
  return stream(sql, all.take(), on_row);
}

Status PostgresTableConnection::read_keys(const Table& table, Names columns,
                                          std::span<const tables::Row> rows, const OnRow& on_row) {
  if (rows.empty()) return {};
  RowsGiven all(table, columns, rows);
  const std::string sql = fmt::format(
      "SELECT found.* FROM {} CROSS JOIN LATERAL (SELECT {} FROM {} AS here WHERE {} OFFSET 0) AS "
      "found",
      all.sql(), keys_of(table), table.name, condition_of(table, columns));
  return stream(sql, all.take(), on_row);
}

// The length of a value that is stored out of its row is known without reading it.
Status PostgresTableConnection::read_ahead(const Table& table, std::string_view rest,
                                           const Parameters& parameters, const Ahead& ahead,
                                           const OnRow& on_row) {
  const std::string limited = fmt::format("{} LIMIT {}", rest, ahead.rows);
  if (ahead.bytes == 0) return read(table, limited, parameters, on_row);
  const std::string_view order = rest.substr(rest.find("ORDER BY"));
  return stream(
      fmt::format("SELECT {0} FROM (SELECT {0}, sum(octet_length({1})) OVER ({2} ROWS BETWEEN "
                  "UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before FROM (SELECT {0} FROM {3} "
                  "{4}) AS ahead) AS counted WHERE coalesce(bytes_before, 0) < {5} {2}",
                  names_of(table), ahead.column, order, table.name, limited, ahead.bytes),
      values_of(parameters), on_row);
}

Status PostgresTableConnection::insert_all(const Table& table, std::span<const tables::Row> rows) {
  if (rows.empty()) return {};
  if (rows.size() >= kLeastCopied) {
    GL_TRY(send());
    GL_TRY(const auto used, connection());
    return copy_rows(*used, table, rows);
  }
  RowsGiven all(table, names_in(table.columns), rows, RowsGiven::With::kDerived);
  return add(insertion_of(table, all), all.take());
}

Status PostgresTableConnection::add_missing(const Table& table, std::span<const tables::Row> rows) {
  if (rows.empty()) return {};
  RowsGiven all(table, names_in(table.columns), rows, RowsGiven::With::kDerived);
  return add(insertion_of(table, all) + " ON CONFLICT DO NOTHING", all.take());
}

Status PostgresTableConnection::put_all(const Table& table, std::span<const tables::Row> rows) {
  if (rows.empty()) return {};
  RowsGiven all(table, names_in(table.columns), rows, RowsGiven::With::kDerived);
  std::string set;
  for (const Column& column : table.columns.subspan(table.keys)) {
    fmt::format_to(std::back_inserter(set), "{0}{1} = excluded.{1}", set.empty() ? "" : ", ",
                   column.name);
  }
  for (const tables::Derived& each : table.derived) {
    fmt::format_to(std::back_inserter(set), ", {0} = excluded.{0}", each.name);
  }
  const std::string keys =
      table.has_long_key ? fmt::format("{}({})", kShort, keys_of(table)) : keys_of(table);
  return add(fmt::format("{} ON CONFLICT ({}) DO {}{}", insertion_of(table, all), keys,
                         set.empty() ? "NOTHING" : "UPDATE SET ", set),
             all.take());
}

Status PostgresTableConnection::update_all(const Table& table, Names columns,
                                           std::span<const tables::Row> rows) {
  if (rows.empty()) return {};
  const std::vector<std::string_view> keys = names_in(table.columns.first(table.keys));
  std::vector<std::string_view> names(columns.begin(), columns.end());
  names.insert(names.end(), keys.begin(), keys.end());
  RowsGiven all(table, names, rows);
  std::string set;
  for (const std::string_view name : columns) {
    fmt::format_to(std::back_inserter(set), "{}{} = {}", set.empty() ? "" : ", ", name,
                   given(column_of(table, name)));
  }
  return add(fmt::format("UPDATE {} AS here SET {} FROM {} WHERE {}", table.name, set, all.sql(),
                         condition_of(table, keys)),
             all.take());
}

Status PostgresTableConnection::remove_all(const Table& table, Names columns,
                                           std::span<const tables::Row> rows,
                                           std::string_view only) {
  if (rows.empty()) return {};
  const std::string more = only.empty() ? std::string() : fmt::format(" AND {}", only);
  if (!table.is_partitioned) {
    RowsGiven all(table, columns, rows);
    return add(fmt::format("DELETE FROM {} AS here USING {} WHERE {}{}", table.name, all.sql(),
                           condition_of(table, columns), more),
               all.take());
  }
  // One statement each: the planner then looks at the one partition.
  std::string where;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    fmt::format_to(std::back_inserter(where), "{}here.{} = ${}", i == 0 ? "" : " AND ", columns[i],
                   i + 1);
  }
  const std::string sql = fmt::format("DELETE FROM {} AS here WHERE {}{}", table.name, where, more);
  for (const tables::Row& row : rows) {
    Values values;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      add_exactly(values, column_of(table, columns[i]).type, row[i]);
    }
    GL_TRY(add(sql, std::move(values)));
  }
  return {};
}

Result<std::int64_t> PostgresTableConnection::remove_some(const Table& table,
                                                          std::string_view where,
                                                          const Parameters& parameters,
                                                          std::int64_t most) {
  const std::string sql = most == kAll
                              ? fmt::format("DELETE FROM {} WHERE {}", table.name, where)
                              : fmt::format(
                                    "DELETE FROM {0} WHERE ({1}) IN (SELECT {1} FROM {0} WHERE {2} "
                                    "ORDER BY {1} LIMIT {3})",
                                    table.name, keys_of(table), where, most);
  GL_TRY(const auto statements, pending());
  statements->pipeline.add_values(sql, values_of(parameters));
  const auto all = statements->pipeline.run();
  pending_.reset();
  if (!all) return std::unexpected(all.error());
  return all->back().changed();
}

std::string PostgresTableConnection::order_of(const Table& table) const {
  std::string list;
  for (const Column& column : table.columns.first(table.keys)) {
    fmt::format_to(std::back_inserter(list), "{}{}{}", list.empty() ? "" : ", ", column.name,
                   column.type == tables::ColumnType::kText ? " COLLATE \"C\"" : "");
  }
  return list;
}

std::shared_ptr<OwnedTableConnection> owned(Connection connection) {
  auto owner = std::make_shared<Connection>(std::move(connection));
  return std::make_shared<OwnedTableConnection>(*owner, owner);
}

std::shared_ptr<OwnedTableConnection> owned(Pool::Lease lease) {
  auto owner = std::make_shared<Pool::Lease>(std::move(lease));
  return std::make_shared<OwnedTableConnection>(**owner, owner);
}

namespace {

std::string_view type_of(tables::ColumnType type) {
  switch (type) {
    case tables::ColumnType::kNumber:
    case tables::ColumnType::kNumberOrNone:
      return "bigint";
    case tables::ColumnType::kInt:
      return "int";
    case tables::ColumnType::kSmall:
      return "smallint";
    case tables::ColumnType::kFlag:
      return "boolean";
    case tables::ColumnType::kText:
      return "text";
    case tables::ColumnType::kAnyText:
    case tables::ColumnType::kBytes:
      return "bytea";
  }
  return {};
}

constexpr tables::Dialect kDialect{
    .type_of = type_of,
    .end_of = [](const Table& table) { return table.postgres; },
    .long_key = kShort,
    .has_derived = true,
};

}  // namespace

Status PostgresTableConnection::make(const Table& table) {
  GL_TRY(send());
  GL_TRY(const auto used, connection());
  return used->run(making_of(table, kDialect, tables::MayBeThere::kYes));
}

Status PostgresTableConnection::drop(const Table& table) {
  GL_TRY(send());
  GL_TRY(const auto used, connection());
  return used->run(fmt::format("DROP TABLE IF EXISTS {}", table.name));
}

namespace {

Status make_new(Connection& connection, const TableSchema& schema) {
  std::string script;
  for (const Table* const table : schema.tables.tables) {
    script += tables::making_of(*table, kDialect);
  }
  GL_TRY(connection.run(script.append(schema.besides)));
  if (schema.tables.first_rows == nullptr) return {};
  PostgresTableConnection rows(connection);
  GL_TRY(schema.tables.first_rows(rows));
  return rows.send();
}

}  // namespace

Status make_tables(Connection& connection, const TableSchema& schema) {
  return bring_to(connection, schema.tables.name, schema.tables.format,
                  [&](std::int64_t found) -> Status {
                    if (found == 0) return make_new(connection, schema);
                    if (found < tables::kFirstFormat) {
                      if (found != schema.earlier) {
                        return fail(ErrorCode::kConflict,
                                    fmt::format("the database's tables of the {} have version {}, "
                                                "which only an earlier program can convert",
                                                schema.tables.name, found));
                      }
                      if (schema.convert != nullptr) {
                        GL_TRY(schema.convert(connection));
                      }
                      found = tables::kFirstFormat;
                    }
                    const std::string growth = tables::growth_of(schema.tables, found, kDialect);
                    return growth.empty() ? Status() : connection.run(growth);
                  });
}

}  // namespace gridloom::postgres
