// The MQTT sessions of a server in PostgreSQL.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "base/result.h"
#include "mqtt/session_rows.h"
#include "mqtt/session_store.h"
#include "postgres/connection.h"
#include "postgres/settings.h"
#include "postgres/table_connection.h"

namespace gridloom::mqtt {

// Version 1 had the same tables.
inline constexpr postgres::TableSchema kPostgresSessionSchema{.tables = kSessionSchema,
                                                              .earlier = 1};

// Is run first in each transaction that writes, which fails as it does; empty: nothing.
using CheckWrites = std::function<Status(postgres::Connection& connection)>;

// Opens the store in a database; creates its tables, or brings them to this program's version. The
// data folder has a note of how far they were written. kConflict: they are of a later version. kIo:
// the database is away, or has no right for this.
[[nodiscard]] Result<std::unique_ptr<SessionStore>> open_in_postgres(
    const postgres::ConnectionSettings& settings, const std::filesystem::path& folder,
    CheckWrites check = {});

}  // namespace gridloom::mqtt
