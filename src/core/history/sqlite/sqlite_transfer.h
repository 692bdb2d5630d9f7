// The tables of history.db as they are copied to a database and back (transfer/tables.h;
// database/history/postgres_transfer.h has the same of PostgreSQL).
//
// Marks differ between stores (RetentionStore::next_mark()), and only their order to those of the
// days on which the server ran counts. So a chunk is carried with the last such day whose mark is
// not above its own, and the day becomes the mark. Thread rule: as for transfer::Source.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "transfer/sqlite_tables.h"

namespace gridloom::history {

// Reads DATA/history.db, which a server may write meanwhile, and changes nothing. kNotFound: there
// is none; kConflict: an earlier or a later program wrote it.
[[nodiscard]] Result<std::unique_ptr<transfer::SqliteTables>> open_sqlite_source(
    const std::filesystem::path& data);

// Makes a history.db in a folder that exists, or opens the one that was made before.
[[nodiscard]] Result<std::unique_ptr<transfer::SqliteTables>> open_sqlite_target(
    const std::filesystem::path& folder);

}  // namespace gridloom::history
