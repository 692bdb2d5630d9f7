// Gives a connection's rows in the form that RowLoader reads (registry/load_rows.h).
//
// Thread rule: as for the Connection.
#pragma once

#include <expected>
#include <string_view>

#include "base/result.h"
#include "postgres/connection.h"

namespace gridloom::registry {

class RowsOf {
 public:
  explicit RowsOf(postgres::Connection& connection) : connection_(connection) {}

  // A result is in memory before its first row is read, so that an error of `on_row` leaves the
  // connection usable.
  [[nodiscard]] Status each_row(std::string_view sql,
                                const postgres::Connection::OnRow& on_row) const {
    GL_TRY(const postgres::Rows rows, connection_.query(sql));
    for (const postgres::Row row : rows) {
      GL_TRY(on_row(row));
    }
    return {};
  }

 private:
  postgres::Connection& connection_;
};

}  // namespace gridloom::registry
