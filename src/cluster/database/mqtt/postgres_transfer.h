// The tables of stored sessions in PostgreSQL as they are copied from a data folder and back
// (mqtt/transfer_tables.h). Thread rule: as for the Connection.
#pragma once

#include <memory>

#include "base/result.h"
#include "database/transfer/postgres_tables.h"
#include "postgres/connection.h"

namespace gridloom::mqtt {

// The tables are made if they do not exist. The connection outlives the object.
[[nodiscard]] Result<std::unique_ptr<transfer::PostgresTables>> open_postgres_tables(
    postgres::Connection& connection);

}  // namespace gridloom::mqtt
