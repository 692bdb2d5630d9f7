// The registry's storage in SQLite: DATA/registry.sqlite, with its secrets sealed under
// DATA/secret.key.
//
// Each row has a checksum, and each table the sum of its rows (tables/sqlite_connection.h). A
// commit leaves nothing in the write-ahead log.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "registry/row_store.h"
#include "storage/sqlite.h"

namespace gridloom::registry {

inline constexpr std::string_view kRegistryFile = "registry.sqlite";

// Creates the folder, the key file and the database if they do not exist, and converts an earlier
// one. Errors name the file and the remedy.
[[nodiscard]] Result<RowStoreOptions> open_sqlite(const std::filesystem::path& data_folder);
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite_store(
    const std::filesystem::path& data_folder);

// Checks, without any change, that `database`, which is the registry of the folder, can be read and
// that the folder's key opens each secret in it. kConflict: the database has an earlier or a later
// format, and only the key was checked.
[[nodiscard]] Status check_sqlite_store(const std::filesystem::path& data_folder,
                                        storage::Database database);

// The names in a registry, for suggestions while a command is typed: read without the key file, and
// without waiting for, or disturbing, a server that uses the folder.
struct NameList {
  std::vector<std::string> serial_numbers;  // in order
  std::vector<std::string> device_names;    // by serial number, in the same order
  std::vector<std::string> accounts;        // in order
};
// Changes nothing. kIo, kDamaged: there is no registry in the folder, or it cannot be read.
[[nodiscard]] Result<NameList> read_names(const std::filesystem::path& data_folder);

}  // namespace gridloom::registry
