#include "registry/postgres/open.h"

#include <utility>

#include "registry/postgres/changes.h"

namespace gridloom::registry {

Result<PostgresRegistry> open_in_postgres(const PostgresStore::Options& options) {
  Result<std::unique_ptr<PostgresStore>> store = PostgresStore::open(options);
  if (!store) return std::unexpected(store.error());
  auto changes = std::make_unique<PostgresChanges>(PostgresChanges::Options{
      .settings = options.settings, .seen_change = (*store)->seen_change()});
  const PostgresStore* const opened = store->get();
  Result<std::unique_ptr<Registry>> registry =
      Registry::open(std::move(*store), options.data_folder, std::move(changes));
  if (!registry) return std::unexpected(registry.error());
  return PostgresRegistry{.registry = std::move(*registry), .store = opened};
}

}  // namespace gridloom::registry
