// The schema of history.db, and the upgrade of a file of an earlier version.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"
#include "storage/sqlite.h"

namespace gridloom::history {

inline constexpr std::int64_t kStoreVersion = 2;

// Creates the file if there is none; rewrites one of an earlier version in one transaction, which
// needs additional disk space of about the size of its tables other than `block`. kMalformed:
// damaged, or of a later version.
[[nodiscard]] Result<storage::Database> open_store_database(const std::filesystem::path& file);

}  // namespace gridloom::history
