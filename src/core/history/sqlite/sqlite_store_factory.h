// History's storage in DATA/history.db, a SQLite database: docs/internals/formats.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "history/store/store_factory.h"

namespace gridloom::history {

// verify() leaves out larger files, which `gridloom check` checks: SQLite cannot move data that are
// written during the check out of its write-ahead log.
inline constexpr std::uintmax_t kMaxVerifiedBytes = std::uintmax_t{256} << 20U;

// `data` exists. Its history.db is created when the factory is first asked to open it.
[[nodiscard]] std::shared_ptr<StoreFactory> sqlite_store_factory(std::filesystem::path data);

}  // namespace gridloom::history
