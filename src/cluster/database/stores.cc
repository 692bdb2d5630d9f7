#include "database/stores.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <system_error>
#include <utility>

#include "database/history/postgres_store_factory.h"
#include "database/mqtt/session_store.h"
#include "database/registry/store.h"
#include "database/transfer/notes.h"
#include "postgres/connection.h"
#include "postgres/holder.h"
#include "postgres/settings.h"
#include "server/stores.h"

namespace gridloom::server {
namespace {

class DatabaseStores final : public Stores {
 public:
  DatabaseStores(StoresOptions options, DatabasePlace place, postgres::ConnectionSettings settings,
                 std::unique_ptr<postgres::Holder> holder)
      : options_(std::move(options)),
        place_(std::move(place)),
        settings_(std::move(settings)),
        holder_(std::move(holder)) {}

  Result<std::unique_ptr<registry::Registry>> open_registry() override {
    const registry::PostgresOptions place{
        .settings = settings_, .data_folder = options_.data, .clock = options_.clock};
    GL_TRY(check_database(place));
    GL_TRY(auto opened, registry::open_in_postgres(place));
    GL_TRY(set_database(options_.data, place_));
    return std::move(opened.registry);
  }
  Result<std::unique_ptr<mqtt::SessionStore>> open_sessions() override {
    return mqtt::open_in_postgres(settings_, options_.data);
  }
  std::shared_ptr<history::StoreFactory> history() override {
    return history::postgres_store_factory(settings_, {.clock = &options_.clock});
  }

 private:
  // The folder's files belong to the database that it was used with before. A new folder's is this
  // one.
  [[nodiscard]] Status check_database(const registry::PostgresOptions& place) {
    GL_TRY(const auto store, registry::open_postgres_store(place));
    const std::string& id = store.database;
    if (place_.database.empty()) place_.database = id;
    if (id.starts_with(place_.database)) return {};
    return fail(ErrorCode::kConflict,
                fmt::format("{} belongs to another database than {}: its log has what that one "
                            "does not have yet; name that one, or another folder with --data",
                            options_.data.string(), settings_.description()));
  }

  const StoresOptions options_;
  DatabasePlace place_;
  const postgres::ConnectionSettings settings_;
  const std::unique_ptr<postgres::Holder> holder_;
};

// The nodes of a cluster have history elsewhere (database/history/schema.h).
Status check_no_cluster(postgres::Connection& connection,
                        const postgres::ConnectionSettings& settings) {
  GL_TRY(const auto found, connection.query("SELECT to_regclass('cluster_slot') IS NOT NULL"));
  if (!found[0].boolean(0)) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("the database {} has the data of a cluster: start a node of it with "
                          "--cluster, or name another database or schema",
                          settings.description()));
}

// The name by which others that want the same database see this server.
std::string application_of(const std::filesystem::path& data) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::error_code unknown;
  const std::filesystem::path whole = std::filesystem::absolute(data, unknown);
  return fmt::format("gridloom {}:{}", host.data(), (unknown ? data : whole).string());
}

// The database that the folder names, or that is asked for; nothing: files of the folder.
Result<std::optional<DatabasePlace>> place_of(const StoresOptions& options) {
  auto known = database_of(options.data);
  if (!known || !options.asked) return known;
  if (!*known && has_own_data(options.data)) {
    return fail(ErrorCode::kConflict,
                fmt::format("{0} has data of its own, which a database does not have yet: move "
                            "them with `gridloom migrate --from {0} --to URL`, or take another "
                            "folder with --data",
                            options.data.string()));
  }
  DatabasePlace place = known->value_or(DatabasePlace());
  place.url = options.asked->url;
  std::error_code unknown;
  place.password_file = options.asked->password_file.empty()
                            ? std::filesystem::path()
                            : std::filesystem::absolute(options.asked->password_file, unknown);
  return place;
}

}  // namespace

Result<std::unique_ptr<Stores>> open_stores(StoresOptions options) {
  GL_TRY(auto place, place_of(options));
  if (!place) return folder_stores(std::move(options.data));
  const std::string application = application_of(options.data);
  GL_TRY(auto settings, postgres::ConnectionSettings::parse({.url = place->url,
                                                             .password_file = place->password_file,
                                                             .application_name = application}));
  GL_TRY(auto holder, postgres::Holder::take(settings));
  GL_TRY(auto connection, postgres::Connection::open(settings, {}));
  GL_TRY(check_no_cluster(connection, settings));
  GL_TRY(transfer::check_no_migration(connection));
  return std::make_unique<DatabaseStores>(std::move(options), std::move(*place),
                                          std::move(settings), std::move(holder));
}

}  // namespace gridloom::server
