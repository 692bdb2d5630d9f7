// history.db of version 2, which is replaced by one of the present format (tables/convert.h).
//
// Thread rule: one thread, while nobody else uses the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/result.h"
#include "history/store/store_check.h"
#include "storage/sqlite.h"

namespace gridloom::history {

// Replaces a file of version 2; does nothing to others. Returns how many damaged rows it left out.
// kIo: there is no room for a second file. kConflict: the file has version 1.
[[nodiscard]] Result<std::uint64_t> convert_earlier_history(const std::filesystem::path& file);

// Checks a file of version 2, and changes nothing.
[[nodiscard]] Result<StoreCheck> check_earlier_history(storage::Database& database);

}  // namespace gridloom::history
