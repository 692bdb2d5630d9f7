// History's storage in DATA/history.db, a SQLite database: docs/internals/formats.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/result.h"
#include "history/store/store_factory.h"
#include "storage/sqlite.h"

namespace gridloom::history {

// The schema of history.db, and the upgrade of a file of an earlier version.
inline constexpr std::int64_t kStoreVersion = 2;

// Creates the file if there is none; rewrites one of an earlier version in one transaction, which
// needs additional disk space of about the size of its tables other than `block`. kMalformed:
// damaged, or of a later version.
[[nodiscard]] Result<storage::Database> open_store_database(const std::filesystem::path& file);

// verify() leaves out larger files, which `gridloom check` checks: SQLite cannot move data that are
// written during the check out of its write-ahead log.
inline constexpr std::uintmax_t kMaxVerifiedBytes = std::uintmax_t{256} << 20U;

// `data` exists. Its history.db is created when the factory is first asked to open it.
[[nodiscard]] std::shared_ptr<StoreFactory> sqlite_store_factory(std::filesystem::path data);

}  // namespace gridloom::history
