// The registry's storage in SQLite: DATA/registry.sqlite, with its secrets sealed under
// DATA/secret.key. docs/internals/formats.md shows the tables.
//
// Each row has a checksum (registry/sqlite/table_sums.h). Secrets are sealed when written and
// opened when read. A commit leaves nothing in the write-ahead log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "base/result.h"
#include "registry/seal.h"
#include "registry/store.h"
#include "storage/sqlite.h"

namespace gridloom::registry {

class SqliteStore final : public Store {
 public:
  // Creates the folder, the key file and the database if they do not exist, and upgrades an older
  // schema. Errors name the file and the remedy.
  [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> open(
      const std::filesystem::path& data_folder);
  // Checks, without any change, that `database`, which is the registry of the folder, can be read
  // and that the folder's key opens each secret in it. kConflict: the database has an earlier or a
  // later version, and only the key was checked.
  [[nodiscard]] static Status check(const std::filesystem::path& data_folder,
                                    storage::Database database);

  [[nodiscard]] Result<std::unique_ptr<Transaction>> begin() override;
  [[nodiscard]] Result<Revision> revision() override;
  [[nodiscard]] Result<std::vector<std::int64_t>> removed_devices() override;
  [[nodiscard]] Result<std::int64_t> highest_device_number() override;

 private:
  SqliteStore(storage::Database database, Sealer sealer)
      : database_(std::move(database)), sealer_(std::move(sealer)) {}

  // Stores the text that shows whether the key is the right one, or checks it.
  [[nodiscard]] Status check_seal(const std::filesystem::path& data_folder);

  storage::Database database_;
  Sealer sealer_;
  std::int64_t seen_version_ = -1;  // SQLite's data_version when changed_elsewhere() was called
};

}  // namespace gridloom::registry
