// The registry's storage in PostgreSQL, with its secrets sealed under DATA/secret.key, as they are
// in SQLite. docs/internals/formats.md shows the tables.
//
// Changes are serial, whichever processes make them: a transaction holds an advisory lock, and each
// commit that changes something counts `revision.change` up and notifies channel_of(schema).
// While the database is away, each function fails with kIo and the reason, within the time-outs of
// postgres::Connection; a connection that was lost is made again.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "postgres/connection.h"
#include "postgres/pool.h"
#include "postgres/settings.h"
#include "registry/registry.h"
#include "registry/seal.h"
#include "registry/store.h"

namespace gridloom::registry {

// Gives a connection's rows in the form that RowLoader reads (registry/load_rows.h).
//
// Thread rule: as for the Connection.
class RowsOf {
 public:
  explicit RowsOf(postgres::Connection& connection) : connection_(connection) {}

  // A result is in memory before its first row is read, so that an error of `on_row` leaves the
  // connection usable.
  [[nodiscard]] Status each_row(std::string_view sql,
                                const postgres::Connection::OnRow& on_row) const {
    GL_TRY(const postgres::Rows rows, connection_.query(sql));
    for (const postgres::Row row : rows) {
      GL_TRY(on_row(row));
    }
    return {};
  }

 private:
  postgres::Connection& connection_;
};

// The channel of notifications, whose payload is the number of the change.
[[nodiscard]] std::string channel_of(std::string_view schema);

class PostgresStore final : public Store {
 public:
  struct Options {
    const postgres::ConnectionSettings& settings;
    std::filesystem::path data_folder;
    std::filesystem::path key_folder{};  // of secret.key; empty: the data folder
    const Clock& clock;                  // of health(); outlives the store
  };
  // Creates the tables and the key file if they do not exist, and upgrades earlier tables. kIo: the
  // database is away; kNotFound, kMalformed: the database was sealed with the key of another data
  // folder.
  [[nodiscard]] static Result<std::unique_ptr<PostgresStore>> open(const Options& options);

  // Checks, without any change, that the tables can be read and that the folder's key opens each
  // secret in them. kNotFound: there are none; kConflict: they have an earlier or a later version,
  // and only the key was checked.
  [[nodiscard]] static Status check(const Options& options);

  [[nodiscard]] Result<std::unique_ptr<Transaction>> begin() override;
  [[nodiscard]] Result<Revision> revision() override;
  [[nodiscard]] Result<std::vector<std::int64_t>> removed_devices() override;
  [[nodiscard]] Result<std::int64_t> highest_device_number() override;

  // 32 hex digits that the database keeps, also when it is restored or set back.
  [[nodiscard]] Result<std::string> database_id();

  // Any thread.
  [[nodiscard]] postgres::Pool::Health health() const { return pool_.health(); }
  // The last change of the stored registry that changed_elsewhere() has seen; any thread may read
  // it. It outlives the store.
  [[nodiscard]] std::shared_ptr<const std::atomic<std::int64_t>> seen_change() const {
    return seen_change_;
  }

 private:
  PostgresStore(const Options& options, Sealer sealer);

  using Lease = std::shared_ptr<postgres::Pool::Lease>;
  // The store's one connection, made again if it was lost; a transaction of before keeps its own.
  [[nodiscard]] Result<Lease> connection();

  postgres::Pool pool_;
  Lease lease_;
  Sealer sealer_;
  std::shared_ptr<std::atomic<std::int64_t>> seen_change_ =
      std::make_shared<std::atomic<std::int64_t>>(-1);
};

// Opens a registry in PostgreSQL that follows the changes of other processes.
struct PostgresRegistry {
  std::unique_ptr<Registry> registry;
  const PostgresStore* store = nullptr;  // the registry's own; for health()
};
// Errors: those of PostgresStore::open() and Registry::open(). The data folder has the key and the
// last revision seen.
[[nodiscard]] Result<PostgresRegistry> open_in_postgres(const PostgresStore::Options& options);

}  // namespace gridloom::registry
