// The session store in PostgreSQL: docs/internals/postgres.md shows the tables. A batch of changes
// is one transaction, with the number of the log's record that it reaches to.
//
// While the database is away changes stay in memory, and in the log, which is not trimmed beyond
// them.
#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "mqtt/session_store.h"
#include "postgres/settings.h"

namespace gridloom::mqtt {

struct PostgresSessionOptions {
  const postgres::ConnectionSettings& settings;
  std::filesystem::path data_folder;  // has the number of the last record that was stored
  const Clock& clock;                 // outlives the store
};
// Creates the tables if they do not exist. kIo: the database is away; kConflict: it is of a later
// version.
[[nodiscard]] Result<std::unique_ptr<SessionStore>> open_sessions_in_postgres(
    const PostgresSessionOptions& options);

}  // namespace gridloom::mqtt
