// The tables of MQTT sessions in PostgreSQL (docs/internals/formats.md).
#pragma once

#include "base/result.h"
#include "postgres/connection.h"

namespace gridloom::mqtt {

// Creates the tables, or brings them to this program's version. Fails as postgres::migrate().
[[nodiscard]] Status migrate_sessions(postgres::Connection& connection);

}  // namespace gridloom::mqtt
