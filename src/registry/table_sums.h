// Checks that registry.sqlite contains exactly what was written to it. Each row has a checksum, and
// the table `table_sums` has for each table its number of rows, the sum of their checksums and the
// highest number ever assigned in it. This detects a flipped bit in a row, a row that vanished,
// reappeared or was duplicated, and a changed definition of a table.
//
// Thread rule: as for the Database.
#pragma once

#include "base/result.h"
#include "storage/sqlite.h"

namespace gridloom::registry {

// The last migration step to a schema with sums: computes them from the existing rows and tables.
[[nodiscard]] Status make_table_sums(storage::Database& database);

// Makes each later change on this connection update the sums.
[[nodiscard]] Status keep_table_sums(storage::Database& database);

// kDamaged: the error names the table, and the row if it is known.
[[nodiscard]] Status check_table_sums(storage::Database& database);

}  // namespace gridloom::registry
