// Views of history for people and tools that ask in SQL: `device`, `reading`, `energy`, `audit`.
// docs/operate/postgres.md describes their columns. They are not made for writing, and the tables
// behind them may change with any version; the views do not.
//
// Rights: a role of the database sees nothing before it stands in `sql_reader`, with the name of an
// account, whose devices and those that are shared with it the role may see, or with NULL for all.
// The owner of the tables sees all. The views check this themselves, for each device, so that no
// role of a reader needs a right on a table.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "postgres/connection.h"

namespace gridloom::history {

// Makes what is missing, if the registry is in the same schema (registry/postgres): its tables say
// whose a device is. Without it there are no views. Fails as postgres::migrate() does.
[[nodiscard]] Status make_sql_views(postgres::Connection& connection);
// The same for a cluster: each view unites the tables in the schemas of the slots (slot_schema.h).
// There, `audit.sequence` counts for each slot by itself.
[[nodiscard]] Status make_sql_views_of_slots(postgres::Connection& connection,
                                             std::span<const std::string> schemas);

}  // namespace gridloom::history
