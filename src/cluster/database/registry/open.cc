#include "database/registry/open.h"

#include <utility>

#include "database/registry/changes.h"

namespace gridloom::registry {

Result<PostgresRegistry> open_in_postgres(const PostgresStore::Options& options) {
  GL_TRY(std::unique_ptr<PostgresStore> store, PostgresStore::open(options));
  auto changes = std::make_unique<PostgresChanges>(
      PostgresChanges::Options{.settings = options.settings, .seen_change = store->seen_change()});
  const PostgresStore* const opened = store.get();
  GL_TRY(std::unique_ptr<Registry> registry,
         Registry::open(std::move(store), options.data_folder, std::move(changes)));
  return PostgresRegistry{.registry = std::move(registry), .store = opened};
}

}  // namespace gridloom::registry
