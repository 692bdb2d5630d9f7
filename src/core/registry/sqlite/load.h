// Reads the tables of registry.sqlite.
//
// Thread rule: as for the Database. One state is read if the caller has begun a transaction.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "registry/directory_draft.h"
#include "registry/revision.h"
#include "registry/seal.h"
#include "storage/sqlite.h"

namespace gridloom::registry {

// The names in a registry, for suggestions while a command is typed: read without the key file, and
// without waiting for, or disturbing, a server that uses the folder.
struct NameList {
  std::vector<std::string> serial_numbers;  // in order
  std::vector<std::string> device_names;    // by serial number, in the same order
  std::vector<std::string> accounts;        // in order
};

// Changes nothing. kIo, kDamaged: there is no registry in the folder, or it cannot be read.
[[nodiscard]] Result<NameList> read_names(const std::filesystem::path& data_folder);

// Loads everything into an empty draft. kDamaged: the data differ from what was written.
[[nodiscard]] Status load_registry(storage::Database& database, const Sealer& sealer,
                                   DirectoryDraft& draft);
// kDamaged: a table differs from its checksum (registry/sqlite/table_sums.h). Nothing is checked in
// a database of an earlier version.
[[nodiscard]] Status check_sums(storage::Database& database);
[[nodiscard]] Result<Revision> read_revision(storage::Database& database);

}  // namespace gridloom::registry
