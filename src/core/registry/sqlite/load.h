// Reads the tables of registry.sqlite.
//
// Thread rule: as for the Database. One state is read if the caller has begun a transaction.
#pragma once

#include "base/result.h"
#include "registry/directory_draft.h"
#include "registry/revision.h"
#include "registry/seal.h"
#include "storage/sqlite.h"

namespace gridloom::registry {

// Loads everything into an empty draft. kDamaged: the data differ from what was written.
[[nodiscard]] Status load_registry(storage::Database& database, const Sealer& sealer,
                                   DirectoryDraft& draft);
// kDamaged: a table differs from its checksum (registry/sqlite/table_sums.h). Nothing is checked in
// a database of an earlier version.
[[nodiscard]] Status check_sums(storage::Database& database);
[[nodiscard]] Result<Revision> read_revision(storage::Database& database);

}  // namespace gridloom::registry
