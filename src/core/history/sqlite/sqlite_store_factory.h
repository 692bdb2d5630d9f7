// History's storage in DATA/history.db, a SQLite database: docs/internals/formats.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "history/store/store_factory.h"
#include "transfer/tables.h"

namespace gridloom::history {

inline constexpr std::string_view kHistoryFile = "history.db";  // in the data folder

// verify() leaves out larger files, which `gridloom check` checks: SQLite cannot move data that are
// written during the check out of its write-ahead log.
inline constexpr std::uintmax_t kMaxVerifiedBytes = std::uintmax_t{256} << 20U;

// `data` exists. Its history.db is created when the factory is first asked to open it, and one of
// version 2 is converted then (earlier_history.h).
[[nodiscard]] std::shared_ptr<StoreFactory> sqlite_store_factory(std::filesystem::path data);

// The file as one side of a copy: as tables::open_sqlite_to_read() and open_sqlite_to_write().
[[nodiscard]] Result<std::unique_ptr<transfer::Target>> open_history_to_read(
    const std::filesystem::path& folder);
[[nodiscard]] Result<std::unique_ptr<transfer::Target>> open_history_to_write(
    const std::filesystem::path& folder);

}  // namespace gridloom::history
