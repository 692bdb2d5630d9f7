// The stores of a data folder, wherever they are. app/wings/cluster knows PostgreSQL; a build
// without the wing knows files alone, and says so where a database is asked for.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "server/database_place.h"
#include "server/stores.h"

namespace gridloom::app {

// As server::open_stores() (database/stores.h). The caller holds the folder's lock.
[[nodiscard]] Result<std::unique_ptr<server::Stores>> open_stores(
    const std::filesystem::path& folder, const std::optional<server::DatabaseChoice>& asked,
    const Clock& clock);

// Whether it can be a database; connects with nobody. kBadParams.
[[nodiscard]] Status check_database(const server::DatabaseChoice& choice);

}  // namespace gridloom::app
