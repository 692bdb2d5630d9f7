// Registries of the versions 6 to 9 of their schema (24 to 30 November 2026), as rows of the
// present tables.
#pragma once

#include <memory>

#include "base/result.h"
#include "storage/sqlite.h"
#include "transfer/tables.h"

namespace gridloom::registry {

// kDamaged: the file differs from what was written. kConflict: it is of a version before 6.
[[nodiscard]] Result<std::unique_ptr<transfer::Source>> read_earlier_registry(
    storage::Database& database);

}  // namespace gridloom::registry
