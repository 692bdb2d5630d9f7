// The tables of the registry in PostgreSQL as they are copied from a data folder and back
// (registry/transfer_tables.h). Thread rule: as for the Connection.
#pragma once

#include <memory>

#include "base/result.h"
#include "database/transfer/postgres_tables.h"
#include "postgres/connection.h"

namespace gridloom::registry {

// The tables are made if they do not exist. The connection outlives the object.
[[nodiscard]] Result<std::unique_ptr<transfer::PostgresTables>> open_postgres_tables(
    postgres::Connection& connection);

}  // namespace gridloom::registry
