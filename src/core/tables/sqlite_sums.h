// The sums of counted tables in SQLite (sqlite_connection.h): the table `table_sums` has for each
// table its number of rows and the checksums of its rows combined by XOR, and the same of the
// definitions of all tables.
//
// Thread rule: as for the Database.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/sqlite.h"
#include "tables/table.h"

namespace gridloom::tables {

// An argument of row_checksum() for a column: one that a later format added counts as NULL, which
// is left out at the end, while it is 0 or empty.
[[nodiscard]] std::string summed(const Column& column, std::string_view value);

struct RowSum {
  std::int64_t rowid = 0;
  std::string place;          // of a damaged one: "table message, session 7, sequence 12"
  std::int64_t checksum = 0;  // as stored in the row
  bool is_good = false;
};
// Calls `on_row` for each row. Reads the table itself, not an index, which may have other rows.
[[nodiscard]] Status each_sum(storage::Database& database, const Table& table, std::int64_t format,
                              const std::function<void(const RowSum& row)>& on_row);

// Makes what is missing. Empty: no table is counted.
[[nodiscard]] std::string making_of_sums(std::span<const Table* const> all);
[[nodiscard]] std::string triggers_of_sums(std::span<const Table* const> all);
// To be called after each change of the definitions. Does nothing if no table is counted.
[[nodiscard]] Status store_sum_of_definitions(storage::Database& database,
                                              std::span<const Table* const> all);
// `format`: of the database. kDamaged: the error names the table, and the row if it is known.
[[nodiscard]] Status check_sums(storage::Database& database, std::span<const Table* const> all,
                                std::int64_t format);

}  // namespace gridloom::tables
