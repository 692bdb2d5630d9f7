// The tables of MQTT sessions in PostgreSQL (docs/internals/formats.md).
#pragma once

#include "base/result.h"
#include "postgres/connection.h"

namespace gridloom::mqtt {

// Creates the tables, or brings them to this program's version; true: there were none. Fails as
// postgres::migrate().
[[nodiscard]] Result<bool> migrate_sessions(postgres::Connection& connection);

}  // namespace gridloom::mqtt
