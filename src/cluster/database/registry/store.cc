#include "database/registry/store.h"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

#include "base/growing_pause.h"
#include "database/registry/changes.h"
#include "database/registry/schema.h"
#include "postgres/connection.h"
#include "postgres/migrate.h"
#include "postgres/pipeline.h"
#include "postgres/table_connection.h"
#include "storage/files.h"

namespace gridloom::registry {
namespace {

using postgres::Connection;
using postgres::Pool;
using postgres::PostgresTableConnection;

// A conversion may take long, and may wait for another process that makes it.
constexpr Millis kOpeningCall{60'000};
constexpr Millis kOpeningLock{30'000};
// Changes are rare, and whoever asks for one has seen that the database is back.
constexpr GrowingPause::Options kPauses{.shortest = Millis(250), .longest = Millis(250)};

const std::filesystem::path& key_folder_of(const PostgresOptions& options) {
  return options.key_folder.empty() ? options.data_folder : options.key_folder;
}

Result<Sealer> sealer_of(const PostgresOptions& options, MissingKey missing) {
  return Sealer::with_key_file(key_folder_of(options) / "secret.key", missing);
}

Status check_seal(PostgresTableConnection& connection, const Sealer& sealer,
                  const PostgresOptions& options) {
  GL_TRY(const bool is_right, is_right_seal(connection, sealer));
  if (is_right) return {};
  return fail(ErrorCode::kMalformed,
              fmt::format("{}/secret.key is not the key that the registry in the database {} was "
                          "sealed with; restore the original key file",
                          key_folder_of(options).string(), options.settings.description()));
}

Status check_format(Connection& connection) {
  GL_TRY(const std::int32_t format, postgres::version_of(connection, kSchema.name));
  if (format == 0) return fail(ErrorCode::kNotFound, "it has no registry");
  if (format == kSchema.format) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("its registry has format {}, and this version of Gridloom has {}", format,
                          kSchema.format));
}

// Counts the change and notifies of it.
Status announce(tables::TableConnection& rows, std::int64_t change) {
  auto& in_postgres = static_cast<PostgresTableConnection&>(rows);
  GL_TRY(in_postgres.send());
  GL_TRY(Connection* const connection, in_postgres.connection());
  postgres::Pipeline pipeline(*connection);
  pipeline.add("DELETE FROM changes WHERE at < now() - CAST('1 hour' AS interval)");
  pipeline.add("INSERT INTO changes (n, program) VALUES ($1, current_setting('application_name'))",
               change);
  pipeline.add("DELETE FROM changed_rows WHERE n < (SELECT min(n) FROM changes)");
  pipeline.add("SELECT pg_notify($1, CAST($2 AS text))", channel_of(connection->schema()), change);
  GL_TRY(pipeline.run());
  return {};
}

// The store's one connection, made again if it was lost; a transaction of before keeps its own.
class Connector {
 public:
  explicit Connector(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}

  Result<RowStoreOptions::Connected> operator()() {
    if (last_ != nullptr) {
      GL_TRY(Connection* const connection, last_->connection());
      if (connection->is_usable()) return RowStoreOptions::Connected{.connection = last_};
    }
    last_.reset();
    GL_TRY(Pool::Lease lease, pool_->acquire());
    last_ = postgres::owned(std::move(lease));
    return RowStoreOptions::Connected{.connection = last_, .is_other = true};
  }

 private:
  std::shared_ptr<Pool> pool_;
  std::shared_ptr<postgres::OwnedTableConnection> last_;
};

}  // namespace

std::string channel_of(std::string_view schema) { return fmt::format("{}_registry", schema); }

Result<PostgresStore> open_postgres_store(const PostgresOptions& options) {
  GL_TRY(storage::make_data_folder(options.data_folder));
  // Two first starts at once must agree on one key file.
  GL_TRY(const auto alone, storage::lock_folder(key_folder_of(options)));
  GL_TRY(Connection opened, Connection::open(options.settings, {.call_timeout = kOpeningCall,
                                                                .lock_timeout = kOpeningLock}));
  GL_TRY(make_tables(opened, kPostgresSchema));
  PostgresTableConnection connection(opened);
  GL_TRY(const bool was_sealed, has_seal(connection));
  GL_TRY(Sealer sealer, sealer_of(options, was_sealed ? MissingKey::kRefuse : MissingKey::kMake));
  GL_TRY(store_seal(connection, sealer));
  GL_TRY(check_seal(connection, sealer, options));
  GL_TRY(const auto revision, opened.query("SELECT database FROM revision"));
  auto pool = std::make_shared<Pool>(options.settings, Pool::Options{.job = "the registry",
                                                                     .most = 2,
                                                                     .connection = {},
                                                                     .pauses = kPauses,
                                                                     .clock = options.clock});
  auto store = std::make_unique<RowStore>(RowStoreOptions{
      .connect = Connector(pool), .sealer = std::move(sealer), .announce = announce});
  return PostgresStore{.store = std::move(store),
                       .pool = std::move(pool),
                       .database = std::string(revision[0].bytes(0))};
}

Status check_postgres_store(const PostgresOptions& options) {
  GL_TRY(Sealer sealer, sealer_of(options, MissingKey::kRefuse));
  GL_TRY(Connection opened, Connection::open(options.settings, {.call_timeout = kOpeningCall}));
  PostgresTableConnection connection(opened);
  GL_TRY(const auto reading,
         tables::Transaction::begin(connection, tables::TableConnection::Access::kReading));
  const Status format = check_format(opened);
  if (!format && format.error().code != ErrorCode::kConflict) return format;
  GL_TRY(check_seal(connection, sealer, options));
  if (!format) return format;
  DirectoryDraft draft{Directory()};
  return load_all(connection, sealer, draft);
}

Result<PostgresRegistry> open_in_postgres(const PostgresOptions& options) {
  GL_TRY(PostgresStore opened, open_postgres_store(options));
  auto changes = std::make_unique<PostgresChanges>(PostgresChanges::Options{
      .settings = options.settings, .seen_change = opened.store->seen_change()});
  GL_TRY(std::unique_ptr<Registry> registry,
         Registry::open(std::move(opened.store), options.data_folder, std::move(changes)));
  return PostgresRegistry{.registry = std::move(registry),
                          .pool = std::move(opened.pool),
                          .database = std::move(opened.database)};
}

}  // namespace gridloom::registry
