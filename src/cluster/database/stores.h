// The permanent stores of a server, in files of its data folder or in a PostgreSQL database.
//
// Thread rule: as for server::Stores.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "server/stores.h"

namespace gridloom::server {

// Opens those of a data folder whose lock the caller holds: files in it, unless the folder
// or `asked` names a database. The folder remembers the database that is asked for, once its
// registry was opened. kConflict: the folder has data of its own, or of another database; another
// server has the database, or a migration to it or from it has not ended. kBadParams: not a
// database. kIo: the database is away.
struct StoresOptions {
  std::filesystem::path data;
  std::optional<DatabaseChoice> asked{};
  const Clock& clock;  // of wall time; outlives the stores
};
[[nodiscard]] Result<std::unique_ptr<Stores>> open_stores(StoresOptions options);

}  // namespace gridloom::server
