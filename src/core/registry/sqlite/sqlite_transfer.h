// The tables of registry.sqlite as they are copied to a database and back
// (registry/transfer_tables.h). Thread rule: as for transfer::Source.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "transfer/sqlite_tables.h"

namespace gridloom::registry {

// Reads DATA/registry.sqlite, which a server may change meanwhile, and changes nothing. kNotFound:
// there is none; kConflict: an earlier or a later program wrote it; kDamaged: it differs from what
// was written.
[[nodiscard]] Result<std::unique_ptr<transfer::SqliteTables>> open_sqlite_source(
    const std::filesystem::path& data);

// Makes a registry.sqlite in a folder that exists, or opens the one that was made before; without a
// key, which its rows bring with them.
[[nodiscard]] Result<std::unique_ptr<transfer::SqliteTables>> open_sqlite_target(
    const std::filesystem::path& folder);

}  // namespace gridloom::registry
