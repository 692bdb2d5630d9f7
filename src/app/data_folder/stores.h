// The stores of a data folder, wherever they are. app/wings/cluster knows PostgreSQL; a build
// without the wing knows files alone, and says so where a database is asked for.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "history/store/store_check.h"
#include "server/database_place.h"
#include "server/stores.h"

namespace gridloom::app {

// As server::open_stores() (database/stores.h). The caller holds the folder's lock.
[[nodiscard]] Result<std::unique_ptr<server::Stores>> open_stores(
    const std::filesystem::path& folder, const std::optional<server::DatabaseChoice>& asked,
    const Clock& clock);

// Whether it can be a database; connects with nobody. kBadParams.
[[nodiscard]] Status check_database(const server::DatabaseChoice& choice);

struct DatabaseCheck {
  std::string description;      // hosts and name, without the user
  history::StoreCheck history;  // what history's tables have
  Status registry{};            // whether its rows can be read and the folder's key opens them
};

// Reads all rows, also while a server uses them, and changes nothing. kIo: the database is away, or
// has no such tables.
[[nodiscard]] Result<DatabaseCheck> check_database(const std::filesystem::path& folder,
                                                   const server::DatabasePlace& place);

}  // namespace gridloom::app
