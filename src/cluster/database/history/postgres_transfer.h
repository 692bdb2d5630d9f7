// The tables of history in PostgreSQL as they are copied from a data folder and back
// (history/sqlite/sqlite_transfer.h says what is carried). Rows that SQL alone reads
// (quarter_rows.h) are made of the rows that are written. Thread rule: as for the Connection.
#pragma once

#include <memory>

#include "base/result.h"
#include "database/transfer/postgres_tables.h"
#include "postgres/connection.h"

namespace gridloom::history {

// The tables are made if they do not exist. The connection outlives the object.
[[nodiscard]] Result<std::unique_ptr<transfer::PostgresTables>> open_postgres_tables(
    postgres::Connection& connection);

}  // namespace gridloom::history
