// SQL functions that every connection provides.
//
//   row_checksum(table, column...)   the checksum of a row (base/row_checksum.h): the table's
//                                    number, and all columns as in docs/internals/formats.md
#pragma once

struct sqlite3;

namespace gridloom::storage {

// Registers the functions. Returns SQLite's error number; 0 on success.
[[nodiscard]] int add_functions(sqlite3* connection);

}  // namespace gridloom::storage
