// Checks that registry.sqlite contains exactly what was written to it. Each row has a checksum, and
// the table `table_sums` has for each table its number of rows, the sum of their checksums and the
// highest number ever assigned in it. This detects a flipped bit in a row, a row that vanished,
// reappeared or was duplicated, and a changed definition of a table.
//
// Thread rule: as for the Database.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "storage/sqlite.h"

namespace gridloom::registry {

inline constexpr std::int64_t kFirstWithSums = 4;  // schema version

// The last migration step to kFirstWithSums: computes the sums from the existing rows and tables.
[[nodiscard]] Status make_table_sums(storage::Database& database);
// The last migration step to a later version: adds the tables that came with it, and computes the
// sum of the definitions again.
[[nodiscard]] Status add_table_sums(storage::Database& database, std::int64_t version);

// Makes each later change on this connection update the sums.
[[nodiscard]] Status keep_table_sums(storage::Database& database);

// `version` is the schema version of the database, at least kFirstWithSums. kDamaged: the error
// names the table, and the row if it is known.
[[nodiscard]] Status check_table_sums(storage::Database& database, std::int64_t version);

}  // namespace gridloom::registry
