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
    const Result<postgres::Rows> rows = connection_.query(sql);
    if (!rows) return std::unexpected(rows.error());
    for (const postgres::Row row : *rows) {
      if (Status done = on_row(row); !done) return done;
    }
    return {};
  }

 private:
  postgres::Connection& connection_;
};

}  // namespace gridloom::registry
