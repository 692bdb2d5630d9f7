// The tables of history in a PostgreSQL database. docs/internals/formats.md has the bytes in their
// columns, which are the same as in history.db.
#pragma once

#include <string_view>

#include "base/result.h"
#include "postgres/connection.h"

namespace gridloom::history {

// The name under which postgres::migrate() keeps the version of these tables.
inline constexpr std::string_view kPostgresPart = "history";

// Makes what is missing. kConflict: the tables are of a later version.
[[nodiscard]] Status migrate_history(postgres::Connection& connection);

}  // namespace gridloom::history
