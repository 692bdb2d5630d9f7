// Tables whose rows have checksums: a column `checksum` is row_checksum() of all other columns.
//
// A writer stores the checksum in the same statement as the row or by a trigger; a reader of the
// table first looks for rows with a wrong checksum.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/sqlite.h"

namespace gridloom::storage {

struct SummedTable {
  int number = 0;  // part of the checksum: never changes
  std::string_view name;
  std::string_view key;      // the columns that identify a row: "device, account"
  std::string_view columns;  // all columns but the checksum, in the order of the table
};

// Puts a prefix before each column of a list: "a, b" becomes "NEW.a, NEW.b".
[[nodiscard]] std::string with_prefix(std::string_view columns, std::string_view prefix);

// The SQL "row_checksum(2, session, sequence, ...)", with `prefix` before each column.
[[nodiscard]] std::string checksum_of(const SummedTable& table, std::string_view prefix = {});

// SQL to upgrade a version without checksums: adds the column, and fills the checksums of the
// existing rows.
[[nodiscard]] std::string checksum_column(const SummedTable& table);
[[nodiscard]] std::string fill_checksums(const SummedTable& table);

struct RowSum {
  std::int64_t rowid = 0;
  std::string place;          // "table message, session 7, sequence 12"
  std::int64_t checksum = 0;  // as stored in the row
  bool good = false;
};
// Calls `on_row` for each row. Reads the table itself, not an index, which may have other rows.
[[nodiscard]] Status each_row_sum(Database& database, const SummedTable& table,
                                  const std::function<void(const RowSum& row)>& on_row);

}  // namespace gridloom::storage
