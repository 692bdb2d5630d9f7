// Checks all rows of history.db for `gridloom check`: whether each is still as it was written.
#pragma once

#include "base/result.h"
#include "history/store/store_check.h"
#include "storage/sqlite.h"

namespace gridloom::history {

// Changes nothing. A page that is damaged counts as one damage; the rest of its table is skipped,
// as behind one that the disk does not give, and the check continues with the next table.
// kMalformed: the file is not a history.db, or of a later version.
[[nodiscard]] Result<StoreCheck> check_rows(storage::Database& database);

}  // namespace gridloom::history
