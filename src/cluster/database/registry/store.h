// The registry's storage in PostgreSQL, with its secrets sealed under DATA/secret.key, as they are
// in SQLite.
//
// Changes are serial, whichever processes make them: a transaction holds an advisory lock, and each
// commit that changes something counts `revision.change` up and notifies channel_of(schema).
// While the database is away, each function of the store fails with kIo and the reason, within the
// time-outs of postgres::Connection; a connection that was lost is made again.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "postgres/pool.h"
#include "postgres/settings.h"
#include "registry/registry.h"
#include "registry/row_store.h"

namespace gridloom::registry {

// The channel of notifications, whose payload is the number of the change.
[[nodiscard]] std::string channel_of(std::string_view schema);

struct PostgresOptions {
  const postgres::ConnectionSettings& settings;
  std::filesystem::path data_folder;
  std::filesystem::path key_folder{};  // of secret.key; empty: the data folder
  const Clock& clock;                  // of the pool's health; outlives the store
};

struct PostgresStore {
  std::unique_ptr<RowStore> store;
  std::shared_ptr<const postgres::Pool> pool;  // the store's; for health()
  std::string database;                        // the id that the database keeps: 32 hex digits
};
// Creates the tables and the key file if they do not exist, and converts earlier tables. kIo: the
// database is away; kNotFound, kMalformed: the database was sealed with the key of another data
// folder.
[[nodiscard]] Result<PostgresStore> open_postgres_store(const PostgresOptions& options);

// Checks, without any change, that the tables can be read and that the folder's key opens each
// secret in them. kNotFound: there are none; kConflict: they have an earlier or a later format, and
// only the key was checked.
[[nodiscard]] Status check_postgres_store(const PostgresOptions& options);

// A registry in PostgreSQL that follows the changes of other processes.
struct PostgresRegistry {
  std::unique_ptr<Registry> registry;
  std::shared_ptr<const postgres::Pool> pool;  // as PostgresStore::pool
  std::string database;                        // as PostgresStore::database
};
// Errors: those of open_postgres_store() and Registry::open(). The data folder has the key and the
// last revision seen.
[[nodiscard]] Result<PostgresRegistry> open_in_postgres(const PostgresOptions& options);

}  // namespace gridloom::registry
