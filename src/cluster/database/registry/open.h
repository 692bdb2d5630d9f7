// Opens a registry in PostgreSQL that follows the changes of other processes.
#pragma once

#include <memory>

#include "base/result.h"
#include "database/registry/store.h"
#include "registry/registry.h"

namespace gridloom::registry {

struct PostgresRegistry {
  std::unique_ptr<Registry> registry;
  const PostgresStore* store = nullptr;  // the registry's own; for health()
};
// Errors: those of PostgresStore::open() and Registry::open(). The data folder has the key and the
// last revision seen.
[[nodiscard]] Result<PostgresRegistry> open_in_postgres(const PostgresStore::Options& options);

}  // namespace gridloom::registry
