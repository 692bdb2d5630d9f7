// The tables of history.db, and how a file of an earlier version becomes one of this.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"
#include "registry/sqlite.h"

namespace gridloom::history {

inline constexpr std::int64_t kStoreVersion = 2;

// Makes the file if there is none; rewrites one of an earlier version in one transaction, which
// needs about as much room again as its tables other than `block` take. kMalformed: damaged, or of
// a later version.
[[nodiscard]] Result<registry::Database> open_store_database(const std::filesystem::path& file);

}  // namespace gridloom::history
