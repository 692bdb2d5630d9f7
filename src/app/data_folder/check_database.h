// Verifies the database that has a data folder's data, for `gridloom check`.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "history/store/store_check.h"
#include "server/database_place.h"

namespace gridloom::app {

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
