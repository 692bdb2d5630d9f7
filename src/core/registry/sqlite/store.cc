// Files: registry.sqlite (with SQLite's -wal and -shm beside it) and secret.key; the key is created
// before the database, so a database without a key has lost its key.
#include "registry/sqlite/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "registry/registry.h"
#include "registry/registry_tables.h"
#include "registry/row_transaction.h"
#include "registry/sqlite/earlier.h"
#include "storage/files.h"
#include "tables/convert.h"

namespace gridloom::registry {
namespace {

using storage::Database;
using storage::lock_folder;
using storage::make_data_folder;
using storage::make_private;
using tables::SqliteTableConnection;

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

std::unexpected<Error> wrong_key(const std::filesystem::path& data_folder) {
  return fail(ErrorCode::kMalformed,
              fmt::format("{0}/secret.key is not the key that {0}/registry.sqlite was sealed with; "
                          "restore the original key file",
                          data_folder.string()));
}

Status check_seal(SqliteTableConnection& connection, const Sealer& sealer,
                  const std::filesystem::path& data_folder) {
  GL_TRY(const bool is_right, is_right_seal(connection, sealer));
  if (is_right) return {};
  // The database may be wrong, not the key.
  GL_TRY(const auto format, tables::format_of(connection.database()));
  if (format == kSchema.format) {
    GL_TRY(connection.check(kAllTables));
  }
  return wrong_key(data_folder);
}

}  // namespace

Result<RowStoreOptions> open_sqlite(const std::filesystem::path& data_folder) {
  GL_TRY(make_data_folder(data_folder));
  // Two first starts at once must agree on one key file.
  GL_TRY(const auto alone, lock_folder(data_folder));

  const std::filesystem::path file = data_folder / kRegistryFile;
  GL_TRY(tables::end_conversion(file));
  std::error_code absent;
  const std::uintmax_t bytes = std::filesystem::file_size(file, absent);
  const bool is_new = absent || bytes == 0;
  const bool lost =
      has_other_data(data_folder) && std::filesystem::exists(data_folder / "secret.key", absent);
  if (is_new && lost) return lost_registry(data_folder);
  GL_TRY(Sealer sealer, Sealer::with_key_file(data_folder / "secret.key",
                                              is_new ? MissingKey::kMake : MissingKey::kRefuse));

  GL_TRY(make_private(file));
  GL_TRY(tables::convert({.file = file, .schema = kSchema, .open = read_earlier_registry}));
  GL_TRY(Database database, Database::open(file));
  // SQLite finds no tables any more: the write-ahead log was lost or damaged.
  GL_TRY(const auto format, tables::format_of(database));
  if (format == 0 && lost) return lost_registry(data_folder);
  GL_TRY(check_pages(database));
  const auto connection = std::make_shared<SqliteTableConnection>(std::move(database));
  GL_TRY(make_tables(*connection, kSchema));
  GL_TRY(keep_sums(*connection, kSchema));
  GL_TRY(store_seal(*connection, sealer));
  GL_TRY(check_seal(*connection, sealer, data_folder));
  connection->empty_log();
  return RowStoreOptions{.connect = [connection]() -> Result<RowStoreOptions::Connected> {
                           return RowStoreOptions::Connected{.connection = connection};
                         },
                         .sealer = std::move(sealer)};
}

Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& data_folder) {
  GL_TRY(auto options, open_sqlite(data_folder));
  return std::make_unique<RowStore>(std::move(options));
}

Status check_sqlite_store(const std::filesystem::path& data_folder, Database database) {
  GL_TRY(Sealer sealer, Sealer::with_key_file(data_folder / "secret.key", MissingKey::kRefuse));
  const std::optional<Revision> seen = last_seen(data_folder);  // read before the registry
  GL_TRY(const std::int64_t format, tables::format_of(database));
  SqliteTableConnection connection(std::move(database));
  // Reads one consistent state, even if others commit at the same time.
  GL_TRY(const auto reading,
         tables::Transaction::begin(connection, tables::TableConnection::Access::kReading));
  GL_TRY(check_seal(connection, sealer, data_folder));
  if (format != kSchema.format) {
    return fail(ErrorCode::kConflict,
                fmt::format("it has format {}, and this version of Gridloom has {}", format,
                            kSchema.format));
  }
  DirectoryDraft draft{Directory()};
  if (Status loaded = load_all(connection, sealer, draft); !loaded || !seen) return loaded;
  GL_TRY(const Revision revision, read_revision(connection));
  const std::string setback = setback_between(*seen, revision);
  return setback.empty() ? Status() : fail(ErrorCode::kDamaged, setback);
}

namespace {

Status read(Database& database, std::string_view sql, std::vector<std::string>& names) {
  return database.each_row(sql, [&names](const storage::Statement& row) {
    names.emplace_back(row.bytes(0));
    return Status();
  });
}

}  // namespace

Result<NameList> read_names(const std::filesystem::path& data_folder) {
  using Writers = Database::Writers;
  std::error_code error;
  const bool is_in_use = std::filesystem::exists(data_folder / "registry.sqlite-wal", error);
  GL_TRY(auto database, Database::open_to_read(data_folder / kRegistryFile,
                                               is_in_use ? Writers::kMaybe : Writers::kNone));
  NameList names;
  GL_TRY(read(database, "SELECT sn FROM devices ORDER BY sn", names.serial_numbers));
  GL_TRY(read(database, "SELECT name FROM devices ORDER BY sn", names.device_names));
  GL_TRY(read(database, "SELECT name FROM accounts ORDER BY name", names.accounts));
  return names;
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
  Result<std::unique_ptr<Store>> store = open_sqlite_store(data_folder);
  if (!store) return std::unexpected(with_remedy(store.error()));
  Result<std::unique_ptr<Registry>> registry = open(std::move(*store), data_folder);
  if (!registry) return std::unexpected(with_remedy(registry.error()));
  return registry;
}

}  // namespace gridloom::registry
