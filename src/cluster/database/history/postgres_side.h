// History's tables in PostgreSQL as one side of a copy, which also makes the partitions and the
// rows of quarters of what is copied to it.
//
// Thread rule: as for the connection.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "postgres/connection.h"
#include "transfer/tables.h"

namespace gridloom::history {

// Makes the tables if there are none. `connection` outlives the side.
[[nodiscard]] Result<std::unique_ptr<transfer::Target>> open_history_in(
    postgres::Connection& connection);

}  // namespace gridloom::history
