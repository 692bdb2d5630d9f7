// Checks all rows of history in a PostgreSQL database for `gridloom check`: whether each can be
// read, and whether its bytes are what they claim to be.
#pragma once

#include "base/result.h"
#include "history/store/store_check.h"
#include "postgres/connection.h"

namespace gridloom::history {

// Changes nothing. All rows are of one moment. A table with a damaged page counts as one damage;
// the check continues with the next table. kConflict: the tables are of a later version.
[[nodiscard]] Result<StoreCheck> check_tables(postgres::Connection& connection);

}  // namespace gridloom::history
