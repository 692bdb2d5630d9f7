// Functions that our SQL has on each connection.
//
//   row_checksum(table, column...)   the checksum of a row (base/row_checksum.h): the table's
//                                    number, and all columns as docs/internals/formats.md has them
#pragma once

struct sqlite3;

namespace gridloom::registry {

// SQLite's error number; 0: it has them.
[[nodiscard]] int add_functions(sqlite3* connection);

}  // namespace gridloom::registry
