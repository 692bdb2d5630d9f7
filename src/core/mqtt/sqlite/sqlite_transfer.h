// The tables of sessions.db as they are copied to a database and back (mqtt/transfer_tables.h).
// Thread rule: as for transfer::Source.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "transfer/sqlite_tables.h"

namespace gridloom::mqtt {

// Reads DATA/sessions.db, which a server may write meanwhile, and changes nothing. kNotFound: there
// is none; kConflict: an earlier or a later program wrote it; kDamaged: it differs from what was
// written.
[[nodiscard]] Result<std::unique_ptr<transfer::SqliteTables>> open_sqlite_source(
    const std::filesystem::path& data);

// Makes a sessions.db in a folder that exists, or opens the one that was made before.
[[nodiscard]] Result<std::unique_ptr<transfer::SqliteTables>> open_sqlite_target(
    const std::filesystem::path& folder);

}  // namespace gridloom::mqtt
