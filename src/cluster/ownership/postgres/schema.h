// The tables of a cluster in PostgreSQL (docs/internals/postgres.md).
#pragma once

#include "base/result.h"
#include "postgres/connection.h"

namespace gridloom::cluster {

// Creates the tables, or brings them to this program's version. Fails as postgres::migrate().
[[nodiscard]] Status migrate_cluster(postgres::Connection& connection);

}  // namespace gridloom::cluster
