#include "app/data_folder/check_database.h"

#include <utility>

#include "base/clock.h"
#include "history/postgres/postgres_store_factory.h"
#include "postgres/settings.h"
#include "registry/directory_draft.h"
#include "registry/postgres/store.h"

namespace gridloom::app {
namespace {

Status check_registry(const std::filesystem::path& folder,
                      const postgres::ConnectionSettings& settings, const Clock& clock) {
  auto store =
      registry::PostgresStore::open({.settings = settings, .data_folder = folder, .clock = clock});
  if (!store) return std::unexpected(store.error());
  auto transaction = (*store)->begin();
  if (!transaction) return std::unexpected(transaction.error());
  registry::DirectoryDraft draft{registry::Directory()};
  return (*transaction)->load(draft);
}

}  // namespace

Result<DatabaseCheck> check_database(const std::filesystem::path& folder,
                                     const server::DatabasePlace& place) {
  const SystemClock clock;
  auto settings = postgres::ConnectionSettings::parse({.url = place.url,
                                                       .password_file = place.password_file,
                                                       .application_name = "gridloom check"});
  if (!settings) return std::unexpected(settings.error());
  auto history = history::postgres_store_factory(*settings, {.clock = &clock})
                     ->check(history::StoreFactory::Writers::kMaybe);
  if (!history) return std::unexpected(history.error());
  return DatabaseCheck{.description = settings->description(),
                       .history = std::move(*history),
                       .registry = check_registry(folder, *settings, clock)};
}

}  // namespace gridloom::app
