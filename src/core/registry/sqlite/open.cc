// Opens the registry of a data folder: its store is SQLite.
#include <memory>
#include <utility>

#include "registry/registry.h"
#include "registry/sqlite/store.h"

namespace gridloom::registry {
namespace {

// Adds the remedy for a damaged file to the error.
Error with_remedy(Error fault) {
  if (fault.code != ErrorCode::kDamaged) return fault;
  fault.detail +=
      "; restore registry.sqlite and secret.key from a backup. To start without accounts and "
      "devices and keep the history, move both, registry.sqlite-wal and registry.sqlite-shm to "
      "another folder";
  return fault;
}

}  // namespace

Result<std::unique_ptr<Registry>> Registry::open(const std::filesystem::path& data_folder) {
  Result<std::unique_ptr<SqliteStore>> store = SqliteStore::open(data_folder);
  if (!store) return std::unexpected(with_remedy(store.error()));
  Result<std::unique_ptr<Registry>> registry = open(std::move(*store), data_folder);
  if (!registry) return std::unexpected(with_remedy(registry.error()));
  return registry;
}

}  // namespace gridloom::registry
