#include "registry/sqlite/row_writer.h"

namespace gridloom::registry {

Status SqliteRowWriter::reserve(std::string_view table, std::int64_t highest) {
  // SQLite creates this row at the first insert, and reads it at each insert.
  Status done = database_.execute(
      "INSERT INTO sqlite_sequence (name, seq) SELECT $1, 0 "
      "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = $1)",
      table);
  if (!done) return done;
  done = database_.execute("UPDATE sqlite_sequence SET seq = max(seq, $1) WHERE name = $2", highest,
                           table);
  if (!done) return done;
  return database_.execute("UPDATE table_sums SET highest = max(highest, $1) WHERE name = $2",
                           highest, table);
}

}  // namespace gridloom::registry
