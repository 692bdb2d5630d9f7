// The session store in SQLite: DATA/sessions.db.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/sqlite.h"
#include "transfer/tables.h"

namespace gridloom::mqtt {

inline constexpr std::string_view kSessionsFile = "sessions.db";

// Files of version 3 (until 30 November 2026), as rows of the present tables. Adds the places of
// damaged rows, which are left out. kDamaged: a page, an index or a row that the others depend on
// is damaged, so that the whole file is unusable. kConflict: it is of an earlier version.
[[nodiscard]] Result<std::unique_ptr<transfer::Source>> read_earlier_sessions(
    storage::Database& database, std::vector<std::string>& damaged);

}  // namespace gridloom::mqtt
