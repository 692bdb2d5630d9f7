#include "app/data_folder/check_database.h"

#include <utility>

#include "base/clock.h"
#include "history/postgres/postgres_store_factory.h"
#include "postgres/settings.h"
#include "registry/postgres/store.h"

namespace gridloom::app {
Result<DatabaseCheck> check_database(const std::filesystem::path& folder,
                                     const server::DatabasePlace& place) {
  const SystemClock clock;
  GL_TRY(auto settings,
         postgres::ConnectionSettings::parse({.url = place.url,
                                              .password_file = place.password_file,
                                              .application_name = "gridloom check"}));
  GL_TRY(auto history, history::postgres_store_factory(settings, {.clock = &clock})
                           ->check(history::StoreFactory::Writers::kMaybe));
  return DatabaseCheck{.description = settings.description(),
                       .history = std::move(history),
                       .registry = registry::PostgresStore::check(
                           {.settings = settings, .data_folder = folder, .clock = clock})};
}

}  // namespace gridloom::app
