// Tables whose rows have checksums: a column `checksum` that is row_checksum() of all others.
//
// Who writes a row writes its checksum in the same statement or by a trigger; who reads the table
// looks for rows first whose checksum is another one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "registry/sqlite.h"

namespace gridloom::registry {

struct SummedTable {
  int number = 0;  // part of the checksum: it never changes
  std::string_view name;
  std::string_view key;      // the columns that tell which row it is: "device, account"
  std::string_view columns;  // all but the checksum, in the order of the table
};

// Each column of a list ("a, b") with a text in front: "NEW.a, NEW.b".
[[nodiscard]] std::string with_prefix(std::string_view columns, std::string_view prefix);

// "row_checksum(2, session, sequence, ...)"; with a prefix for each column.
[[nodiscard]] std::string checksum_of(const SummedTable& table, std::string_view prefix = {});

// What a version before checksums lacks: the column, and the checksums of the rows that are there.
[[nodiscard]] std::string checksum_column(const SummedTable& table);
[[nodiscard]] std::string fill_checksums(const SummedTable& table);

struct RowSum {
  std::int64_t rowid = 0;
  std::string place;          // "table message, session 7, sequence 12"
  std::int64_t checksum = 0;  // that stands in the row
  bool good = false;
};
// Not by an index, which may know other rows.
[[nodiscard]] Status each_row_sum(Database& database, const SummedTable& table,
                                  const std::function<void(const RowSum& row)>& on_row);

}  // namespace gridloom::registry
