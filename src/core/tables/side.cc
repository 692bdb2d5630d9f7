#include "tables/side.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ranges>
#include <utility>

namespace gridloom::tables {
namespace {

Value value_of(const transfer::Value& value, ColumnType type) {
  if (const auto* const number = std::get_if<std::int64_t>(&value)) return *number;
  const std::string_view bytes = std::get<std::string>(value);
  if (type == ColumnType::kText) return bytes;
  return type == ColumnType::kAnyText ? Value(AnyText{bytes}) : Value(Bytes{bytes});
}

}  // namespace

transfer::Table copied(const Table& table) {
  return {.name = title_of(table),
          .columns = table.columns.size(),
          .keys = table.keys,
          .group = table.keys,
          .is_restless = table.is_restless};
}

SpanOfKeys::SpanOfKeys(const Table& table, const transfer::Span& span, std::string_view order)
    : table_(table) {
  add(">", span.after, order);
  add("<=", span.through, order);
  sql_ += fmt::format("{}ORDER BY {}", sql_.empty() ? "" : " ", order);
}

void SpanOfKeys::add(std::string_view relation, const transfer::Row& end, std::string_view order) {
  if (end.empty()) return;
  std::string places;
  for (std::size_t i = 0; i < table_.keys; ++i) {
    parameters_.push_back(value_of(end[i], table_.columns[i].type));
    fmt::format_to(std::back_inserter(places), "{}${}", i == 0 ? "" : ", ", parameters_.size());
  }
  fmt::format_to(std::back_inserter(sql_), "{} ({}) {} ({})", sql_.empty() ? "WHERE" : " AND",
                 order, relation, places);
}

std::vector<transfer::Table> Side::tables() const {
  std::vector<transfer::Table> list;
  for (const Table* const table : schema_.tables) list.push_back(copied(*table));
  return list;
}

const Table& Side::of(const transfer::Table& table) const {
  return **std::ranges::find_if(
      schema_.tables, [&table](const Table* each) { return title_of(*each) == table.name; });
}

transfer::Target::Unit Side::unit() const {
  const bool any_refers = std::ranges::any_of(schema_.tables, [](const Table* table) {
    return std::ranges::any_of(table->columns,
                               [](const Column& column) { return !column.refers_to.empty(); });
  });
  return any_refers ? Unit::kStore : Unit::kSpan;
}

Status Side::each_row(const transfer::Table& table, const transfer::Span& span,
                      const OnRow& on_row) {
  const Table& stored = of(table);
  const SpanOfKeys keys(stored, span, connection_.order_of(stored));
  return connection_.read(stored, keys.sql(), keys.parameters(),
                          [&](const RowView& view) -> Result<bool> {
                            transfer::Row row;
                            for (const Value& value : row_of(stored, view)) {
                              if (const auto* const number = std::get_if<std::int64_t>(&value)) {
                                row.emplace_back(*number);
                              } else {
                                row.emplace_back(std::string(bytes_of(value)));
                              }
                            }
                            return on_row(std::move(row));
                          });
}

Status Side::insert(const Table& table, const std::vector<transfer::Row>& rows) {
  std::vector<Row> values;
  values.reserve(rows.size());
  for (const transfer::Row& row : rows) {
    Row& added = values.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      added.push_back(value_of(row[i], table.columns[i].type));
    }
  }
  return connection_.insert(table, values);
}

Status Side::replace(const transfer::Table& table, const transfer::Span& span,
                     const std::vector<transfer::Row>& rows, const transfer::Row& /*place*/) {
  const Table& stored = of(table);
  GL_TRY(auto transaction, Transaction::begin(connection_));
  const SpanOfKeys keys(stored, span, connection_.order_of(stored));
  std::string_view where = keys.sql();
  where = where.substr(0, where.find("ORDER BY"));
  GL_TRY(connection_.remove_some(stored, where.empty() ? "true" : where.substr(6),
                                 keys.parameters(), TableConnection::kAll));
  GL_TRY(insert(stored, rows));
  return transaction.commit();
}

Result<transfer::Row> Side::place(const transfer::Table& /*table*/) { return transfer::Row{}; }

Status Side::end() {
  connection_.empty_log();
  return {};
}

Status Side::replace_all(const std::vector<std::vector<transfer::Row>>& rows) {
  GL_TRY(auto transaction, Transaction::begin(connection_));
  for (const Table* const table : std::views::reverse(schema_.tables)) {
    GL_TRY(connection_.remove_some(*table, "true", {}, TableConnection::kAll));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    GL_TRY(insert(*schema_.tables[i], rows[i]));
  }
  return transaction.commit();
}

}  // namespace gridloom::tables
