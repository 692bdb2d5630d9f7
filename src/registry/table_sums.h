// Whether registry.sqlite has what was written to it, and nothing else: checksums of its rows, and
// of each table how many rows it has, what their checksums come to and the highest number that was
// ever given in it (table `table_sums`). A flipped bit in a row, a row that vanished, that came
// back or that stands there twice, and a changed definition of a table are found so.
//
// Used as the Database is.
#pragma once

#include "base/result.h"
#include "registry/sqlite.h"

namespace gridloom::registry {

// The last step to a schema that has them: of the rows and tables as they are.
[[nodiscard]] Status make_table_sums(Database& database);

// From now on each change that this connection makes keeps them right.
[[nodiscard]] Status keep_table_sums(Database& database);

// kDamaged: names the table, and the row where one is known.
[[nodiscard]] Status check_table_sums(Database& database);

}  // namespace gridloom::registry
