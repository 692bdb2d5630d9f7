#include "tables/connection.h"

#include <fmt/format.h>

#include <utility>

#include "base/printable.h"

namespace gridloom::tables {

Row row_of(const Table& table, const RowView& view) {
  Row row;
  row.reserve(table.columns.size());
  for (const Column& column : table.columns) {
    const auto at = static_cast<int>(row.size());
    if (is_number(column.type)) {
      row.emplace_back(view.integer(at));
    } else {
      row.emplace_back(view.bytes(at));
    }
  }
  return row;
}

std::string place_of(const Table& table, const RowView& view, int first_key) {
  constexpr std::size_t kMost = 100;
  std::string place = fmt::format("table {}", table.name);
  for (std::size_t i = 0; i < table.keys; ++i) {
    const auto at = first_key + static_cast<int>(i);
    place += fmt::format(", {} ", table.columns[i].name);
    place += is_number(table.columns[i].type) ? std::to_string(view.integer(at))
                                              : printable(view.bytes(at).substr(0, kMost));
  }
  return place;
}

Result<std::int64_t> TableReader::integer(std::string_view sql, const Parameters& parameters) {
  bool is_there = false;
  std::int64_t number = 0;
  GL_TRY(each(sql, parameters, [&](const RowView& row) -> Result<bool> {
    is_there = true;
    number = row.integer(0);
    return false;
  }));
  if (!is_there) return fail(ErrorCode::kNotFound, "the database has no such row");
  return number;
}

Result<Transaction> Transaction::begin(TableConnection& connection,
                                       TableConnection::Access access) {
  GL_TRY(connection.begin(access));
  return Transaction(connection);
}

Transaction::Transaction(Transaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

Transaction::~Transaction() {
  if (connection_ != nullptr) connection_->end();
}

Status Transaction::commit() {
  GL_TRY(connection_->commit());
  connection_ = nullptr;
  return {};
}

}  // namespace gridloom::tables
