// Files: registry.sqlite (with SQLite's -wal and -shm beside it) and secret.key; the key is created
// before the database, so a database without a key has lost its key.
#include "registry/sqlite/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "registry/load_rows.h"
#include "registry/registry.h"
#include "registry/sqlite/load.h"
#include "registry/sqlite/migrations.h"
#include "registry/sqlite/table_sums.h"
#include "registry/sqlite/transaction.h"
#include "storage/files.h"

namespace gridloom::registry {
namespace {

using storage::Blob;
using storage::Database;
using storage::FileDescriptor;
using storage::lock_folder;
using storage::make_data_folder;
using storage::make_private;
using storage::Statement;

constexpr std::string_view kSealCheckPlace = "seal_check";
constexpr std::string_view kSealCheckText = "gridloom registry";

// Whether the folder has data that a server or a command creates after the registry.
bool has_other_data(const std::filesystem::path& data_folder) {
  return std::ranges::any_of(std::array{"history.db", "sessions.db", "log"}, [&](const char* name) {
    std::error_code error;
    return std::filesystem::exists(data_folder / name, error);
  });
}

std::unexpected<Error> lost_registry(const std::filesystem::path& data_folder) {
  return fail(
      ErrorCode::kNotFound,
      fmt::format("{0}/registry.sqlite, with all accounts and devices, is missing or empty, but "
                  "the folder has a secret.key and data of a server; restore registry.sqlite from "
                  "a backup. To start without accounts and devices and keep the history, move "
                  "{0}/secret.key to another folder",
                  data_folder.string()));
}

// Checks the indexes too: a row that is missing from an index would not be removed.
Status check_pages(Database& database) {
  GL_TRY(const auto found, database.integrity());
  if (found.empty()) return {};
  return fail(ErrorCode::kDamaged,
              fmt::format("{} is damaged: {}", database.path(), found.front()));
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::filesystem::path& data_folder) {
  GL_TRY(make_data_folder(data_folder));
  // Two first starts at once must agree on one key file.
  GL_TRY(const auto alone, lock_folder(data_folder));

  const std::filesystem::path file = data_folder / "registry.sqlite";
  std::error_code absent;
  const std::uintmax_t bytes = std::filesystem::file_size(file, absent);
  const bool is_new = absent || bytes == 0;
  const bool lost =
      has_other_data(data_folder) && std::filesystem::exists(data_folder / "secret.key", absent);
  if (is_new && lost) return lost_registry(data_folder);
  GL_TRY(Sealer sealer, Sealer::with_key_file(data_folder / "secret.key",
                                              is_new ? MissingKey::kMake : MissingKey::kRefuse));

  GL_TRY(make_private(file));
  GL_TRY(Database database, Database::open(file));
  // SQLite finds no tables any more: the write-ahead log was lost or damaged.
  if (const auto version = schema_version(database); version == 0 && lost) {
    return lost_registry(data_folder);
  }
  GL_TRY(check_pages(database));
  GL_TRY(migrate(database, migrations()));
  GL_TRY(keep_table_sums(database));
  std::unique_ptr<SqliteStore> store(new SqliteStore(std::move(database), std::move(sealer)));
  GL_TRY(store->check_seal(data_folder));
  return store;
}

Status SqliteStore::check(const std::filesystem::path& data_folder, Database database) {
  GL_TRY(Sealer sealer, Sealer::with_key_file(data_folder / "secret.key", MissingKey::kRefuse));
  const std::optional<Revision> seen = last_seen(data_folder);  // read before the registry
  // Reads one consistent state, even if others commit at the same time.
  GL_TRY(database.run("BEGIN"));
  GL_TRY(const std::int64_t version, schema_version(database));
  SqliteStore store(std::move(database), std::move(sealer));
  GL_TRY(store.check_seal(data_folder));
  if (version != migrations().back().version) {
    return fail(ErrorCode::kConflict, fmt::format("it has schema version {}, and this version of "
                                                  "Gridloom has {}",
                                                  version, migrations().back().version));
  }
  DirectoryDraft draft{Directory()};
  if (Status loaded = load_registry(store.database_, store.sealer_, draft); !loaded || !seen)
    return loaded;
  GL_TRY(const Revision revision, store.revision());
  const std::string setback = setback_between(*seen, revision);
  return setback.empty() ? Status() : fail(ErrorCode::kDamaged, setback);
}

Status SqliteStore::check_seal(const std::filesystem::path& data_folder) {
  std::string sealed;
  Status read =
      database_.each_row("SELECT sealed FROM seal_check", [&sealed](const Statement& row) {
        sealed = row.bytes(0);
        return Status();
      });
  if (!read) return read;
  if (sealed.empty()) {
    sealed = sealer_.seal(kSealCheckPlace, Secret(std::string(kSealCheckText)));
    return database_.execute("INSERT INTO seal_check (one, sealed) VALUES (1, ?)", Blob{sealed});
  }
  const Result<Secret> text = sealer_.open({.place = kSealCheckPlace, .sealed = sealed});
  if (text && text->matches(kSealCheckText)) return {};
  // The database may be wrong, not the key.
  GL_TRY(check_sums(database_));
  return fail(ErrorCode::kMalformed,
              fmt::format("{0}/secret.key is not the key that {0}/registry.sqlite was sealed with; "
                          "restore the original key file",
                          data_folder.string()));
}

Result<std::unique_ptr<Transaction>> SqliteStore::begin() {
  GL_TRY(storage::Transaction begun, storage::Transaction::begin(database_));
  return std::make_unique<SqliteTransaction>(
      SqliteTransaction::Options{
          .database = database_, .sealer = sealer_, .seen_version = seen_version_},
      std::move(begun));
}

Result<Revision> SqliteStore::revision() { return read_revision(database_); }

Result<std::vector<std::int64_t>> SqliteStore::removed_devices() {
  return read_removed_devices(database_);
}

Result<std::int64_t> SqliteStore::highest_device_number() {
  return database_.integer(
      "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'devices'");
}

// Opens the registry of a data folder: its store is SQLite.

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
