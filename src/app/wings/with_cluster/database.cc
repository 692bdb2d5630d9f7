// Stores in PostgreSQL, as the commands on a data folder use them.

#include <utility>

#include "app/data_folder/stores.h"
#include "base/clock.h"
#include "database/history/postgres_store_factory.h"
#include "database/registry/store.h"
#include "database/stores.h"
#include "postgres/settings.h"

namespace gridloom::app {

Result<std::unique_ptr<server::Stores>> open_stores(
    const std::filesystem::path& folder, const std::optional<server::DatabaseChoice>& asked,
    const Clock& clock) {
  return server::open_stores({.data = folder, .asked = asked, .clock = clock});
}

Status check_database(const server::DatabaseChoice& choice) {
  const auto settings = postgres::ConnectionSettings::parse(
      {.url = choice.url, .password_file = choice.password_file});
  return settings ? Status() : std::unexpected(settings.error());
}

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
                       .registry = registry::check_postgres_store(
                           {.settings = settings, .data_folder = folder, .clock = clock})};
}

}  // namespace gridloom::app
