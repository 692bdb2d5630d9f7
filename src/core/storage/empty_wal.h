// Moves what a database's write-ahead log has into the database file and empties the log. Pages
// that are only in a write-ahead log are lost from its first damaged bit on, silently.
#pragma once

#include "storage/sqlite.h"

namespace gridloom::storage {

// Waits for readers for a moment only. Best effort: if readers or the disk prevent it, which is
// false, the changes stay in the log, and the next call tries again.
bool empty_wal(Database& database);

}  // namespace gridloom::storage
