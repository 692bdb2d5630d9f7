#include "tables/side.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <ranges>
#include <utility>

namespace gridloom::tables {
namespace {

constexpr std::size_t kAtOnce = 500;  // rows that a database sends ahead

Value value_of(const transfer::Value& value, ColumnType type) {
  if (const auto* const number = std::get_if<std::int64_t>(&value)) return *number;
  const std::string_view bytes = std::get<std::string>(value);
  if (type == ColumnType::kText) return bytes;
  return type == ColumnType::kAnyText ? Value(AnyText{bytes}) : Value(Bytes{bytes});
}

transfer::Row copied_row(const Table& table, const RowView& view) {
  transfer::Row row;
  row.reserve(table.columns.size());
  for (const Value& value : row_of(table, view)) {
    if (const auto* const number = std::get_if<std::int64_t>(&value)) {
      row.emplace_back(*number);
    } else {
      row.emplace_back(std::string(bytes_of(value)));
    }
  }
  return row;
}

std::string place_name(const Table& table) { return fmt::format("place of {}", title_of(table)); }

}  // namespace

transfer::Table copied(const Table& table) {
  return {.name = title_of(table),
          .columns = table.columns.size(),
          .keys = table.keys,
          .group = table.group == 0 ? table.keys : table.group,
          .carried = table.carried,
          .is_restless = table.is_restless};
}

SpanOfKeys::SpanOfKeys(const Table& table, const transfer::Span& span, std::string_view order)
    : table_(table) {
  add(">", span.after, order);
  add("<=", span.through, order);
  sql_ = fmt::format("{} ORDER BY {}", where_, order);
}

void SpanOfKeys::add(std::string_view relation, const transfer::Row& end, std::string_view order) {
  if (end.empty()) return;
  std::string places;
  for (std::size_t i = 0; i < table_.keys; ++i) {
    parameters_.push_back(value_of(end[i], table_.columns[i].type));
    fmt::format_to(std::back_inserter(places), "{}${}", i == 0 ? "" : ", ", parameters_.size());
  }
  fmt::format_to(std::back_inserter(where_), "{} ({}) {} ({})", where_.empty() ? "WHERE" : " AND",
                 order, relation, places);
}

std::vector<transfer::Table> Side::tables() const {
  std::vector<transfer::Table> list;
  for (const Table* const table : schema_.tables) {
    if (table->is_copied) list.push_back(copied(*table));
  }
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
  transfer::Span rest = span;
  while (true) {
    const SpanOfKeys keys(stored, rest, connection_.order_of(stored));
    transfer::Row last;
    std::size_t read = 0;
    bool goes_on = true;
    GL_TRY(connection_.read_ahead(
        stored, keys.sql(), keys.parameters(), {.rows = kAtOnce},
        [&](const RowView& view) -> Result<bool> {
          transfer::Row row = copied_row(stored, view);
          ++read;
          last.assign(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(stored.keys));
          GL_TRY(const bool more, on_row(std::move(row)));
          goes_on = more;
          return more;
        }));
    if (!goes_on || !connection_.reads_ahead() || read < kAtOnce) return {};
    rest.after = std::move(last);
  }
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
  return connection_.insert_all(table, values);
}

Status Side::prepare(const Table& /*table*/, const std::vector<transfer::Row>& /*rows*/) {
  return {};
}

Status Side::removing(const Table& /*table*/, const transfer::Span& /*span*/) { return {}; }

Status Side::replace(const transfer::Table& table, const transfer::Span& span,
                     const std::vector<transfer::Row>& rows, const transfer::Row& place) {
  const Table& stored = of(table);
  GL_TRY(prepare(stored, rows));
  GL_TRY(auto transaction, Transaction::begin(connection_));
  GL_TRY(removing(stored, span));
  const SpanOfKeys keys(stored, span, connection_.order_of(stored));
  constexpr std::string_view kWhere = "WHERE ";
  GL_TRY(connection_.remove_some(
      stored, keys.where().empty() ? "true" : std::string_view(keys.where()).substr(kWhere.size()),
      keys.parameters(), TableConnection::kAll));
  GL_TRY(insert(stored, rows));
  if (!place.empty()) {
    GL_TRY(connection_.make(kPlaces));
    const std::string bytes = transfer::encoded(place, place.size());
    GL_TRY(connection_.put(kPlaces, Row{place_name(stored), Bytes{bytes}}));
  }
  return transaction.commit();
}

Result<transfer::Row> Side::place(const transfer::Table& table) {
  GL_TRY(connection_.make(kPlaces));
  transfer::Row place;
  const std::string name = place_name(of(table));
  GL_TRY(connection_.read(kPlaces, "WHERE name = $1", {name},
                          [&place](const RowView& row) -> Result<bool> {
                            place = transfer::decoded(row.bytes(1));
                            return false;
                          }));
  return place;
}

Status Side::end() {
  GL_TRY(connection_.drop(kPlaces));
  connection_.empty_log();
  return {};
}

Status Side::replace_all(const std::vector<std::vector<transfer::Row>>& rows) {
  const std::vector<transfer::Table> all = tables();
  GL_TRY(auto transaction, Transaction::begin(connection_));
  for (const transfer::Table& table : std::views::reverse(all)) {
    GL_TRY(connection_.remove_some(of(table), "true", {}, TableConnection::kAll));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    GL_TRY(insert(of(all[i]), rows[i]));
  }
  return transaction.commit();
}

}  // namespace gridloom::tables
