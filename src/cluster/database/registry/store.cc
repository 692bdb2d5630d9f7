#include "database/registry/store.h"

#include <fmt/format.h>

#include <utility>

#include "base/growing_pause.h"
#include "database/registry/changes.h"
#include "database/registry/migrations.h"
#include "database/registry/transaction.h"
#include "postgres/connection.h"
#include "postgres/migrate.h"
#include "registry/load_rows.h"
#include "storage/files.h"

namespace gridloom::registry {
namespace {

using postgres::Bytes;
using postgres::Connection;
using postgres::Rows;
using storage::FileDescriptor;

constexpr std::string_view kSealCheckPlace = "seal_check";
constexpr std::string_view kSealCheckText = "gridloom registry";

// A migration may take long, and may wait for another process that makes it.
constexpr Millis kOpeningCall{60'000};
constexpr Millis kOpeningLock{30'000};
// Changes are rare, and whoever asks for one has seen that the database is back.
constexpr GrowingPause::Options kPauses{.shortest = Millis(250), .longest = Millis(250)};
// A schema has one: servers with schemas of their own do not wait for each other.
constexpr std::string_view kLock =
    "SELECT pg_advisory_xact_lock(hashtext('gridloom registry ' || current_schema()))";

const std::filesystem::path& key_folder_of(const PostgresStore::Options& options) {
  return options.key_folder.empty() ? options.data_folder : options.key_folder;
}

// The first column of the first row; empty: there is none.
Result<std::string> text_of(Connection& connection, std::string_view sql) {
  GL_TRY(const Rows rows, connection.query(sql));
  return rows.empty() ? std::string() : std::string(rows[0].bytes(0));
}

Result<std::string> sealed_check(Connection& connection) {
  return text_of(connection, "SELECT sealed FROM seal_check");
}

// Stores the text that shows whether the key is the right one, if there is none.
Status store_seal(Connection& connection, const Sealer& sealer) {
  const std::string made = sealer.seal(kSealCheckPlace, Secret(std::string(kSealCheckText)));
  // The first of two first starts at once is the one whose key counts.
  const Result<std::int64_t> stored = connection.execute(
      "INSERT INTO seal_check (one, sealed) VALUES (1, $1) ON CONFLICT (one) DO NOTHING",
      Bytes{made});
  return stored ? Status() : std::unexpected(stored.error());
}

Status check_seal(Connection& connection, const Sealer& sealer,
                  const PostgresStore::Options& options) {
  GL_TRY(const std::string sealed, sealed_check(connection));
  const Result<Secret> text = sealer.open({.place = kSealCheckPlace, .sealed = sealed});
  if (text && text->matches(kSealCheckText)) return {};
  return fail(ErrorCode::kMalformed,
              fmt::format("{}/secret.key is not the key that the registry in the database {} was "
                          "sealed with; restore the original key file",
                          key_folder_of(options).string(), options.settings.description()));
}

Status check_version(Connection& connection) {
  GL_TRY(const std::int32_t version, postgres::version_of(connection, kPostgresPart));
  if (version == 0) return fail(ErrorCode::kNotFound, "it has no registry");
  const std::int32_t known = postgres_migrations().back().version;
  if (version == known) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("its registry has schema version {}, and this version of Gridloom has {}",
                          version, known));
}

}  // namespace

std::string channel_of(std::string_view schema) { return fmt::format("{}_registry", schema); }

PostgresStore::PostgresStore(const Options& options, Sealer sealer)
    : pool_(options.settings, {.job = "the registry",
                               .most = 2,
                               .connection = {},
                               .pauses = kPauses,
                               .clock = options.clock}),
      sealer_(std::move(sealer)) {}

Result<std::unique_ptr<PostgresStore>> PostgresStore::open(const Options& options) {
  GL_TRY(storage::make_data_folder(options.data_folder));
  // Two first starts at once must agree on one key file.
  GL_TRY(const auto alone, storage::lock_folder(key_folder_of(options)));
  GL_TRY(Connection connection, Connection::open(options.settings, {.call_timeout = kOpeningCall,
                                                                    .lock_timeout = kOpeningLock}));
  GL_TRY(postgres::migrate(connection, kPostgresPart, postgres_migrations()));
  GL_TRY(const std::string sealed, sealed_check(connection));
  GL_TRY(Sealer sealer,
         Sealer::with_key_file(key_folder_of(options) / "secret.key",
                               sealed.empty() ? MissingKey::kMake : MissingKey::kRefuse));
  GL_TRY(store_seal(connection, sealer));
  GL_TRY(check_seal(connection, sealer, options));
  return std::unique_ptr<PostgresStore>(new PostgresStore(options, std::move(sealer)));
}

Status PostgresStore::check(const Options& options) {
  GL_TRY(Sealer sealer,
         Sealer::with_key_file(key_folder_of(options) / "secret.key", MissingKey::kRefuse));
  GL_TRY(Connection connection, Connection::open(options.settings, {.call_timeout = kOpeningCall}));
  GL_TRY(const auto reading,
         postgres::Transaction::begin(connection, postgres::Transaction::Kind::kReading));
  const Status version = check_version(connection);
  if (!version && version.error().code != ErrorCode::kConflict) return version;
  if (Status good = check_seal(connection, sealer, options); !good || !version) {
    return good ? version : good;
  }
  const RowsOf rows(connection);
  DirectoryDraft draft{Directory()};
  return RowLoader(rows, sealer, draft).load();
}

Result<PostgresStore::Lease> PostgresStore::connection() {
  if (lease_ != nullptr && (*lease_)->is_usable()) return lease_;
  lease_.reset();
  GL_TRY(postgres::Pool::Lease lease, pool_.acquire());
  // It may be another server, which was set back and counts the same numbers again.
  *seen_change_ = -1;
  lease_ = std::make_shared<postgres::Pool::Lease>(std::move(lease));
  return lease_;
}

Result<std::unique_ptr<Transaction>> PostgresStore::begin() {
  GL_TRY(Lease lease, connection());
  Connection& connection = **lease;
  GL_TRY(postgres::Transaction begun, postgres::Transaction::begin(connection));
  if (const Result<Rows> locked = connection.query(kLock); !locked) {
    return std::unexpected(locked.error());
  }
  return std::make_unique<PostgresTransaction>(
      PostgresTransaction::Options{
          .lease = std::move(lease), .sealer = sealer_, .seen_change = *seen_change_},
      std::move(begun));
}

Result<Revision> PostgresStore::revision() {
  GL_TRY(const Lease lease, connection());
  const RowsOf rows(**lease);
  return read_revision_of(rows);
}

Result<std::string> PostgresStore::database_id() {
  GL_TRY(const Lease lease, connection());
  return text_of(**lease, "SELECT database FROM revision");
}

Result<std::vector<std::int64_t>> PostgresStore::removed_devices() {
  GL_TRY(const Lease lease, connection());
  const RowsOf rows(**lease);
  return read_removed_devices(rows);
}

Result<std::int64_t> PostgresStore::highest_device_number() {
  GL_TRY(const Lease lease, connection());
  return (*lease)->integer("SELECT highest FROM numbers WHERE name = 'devices'");
}

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
