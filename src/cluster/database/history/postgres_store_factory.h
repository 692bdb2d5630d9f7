// History's storage in a PostgreSQL database: docs/operate/postgres.md.
//
// A call costs what a server that does not answer may take, at most: Connection::Options of its
// pool. kIo: the database is away, full or busy; the same call succeeds once it is not.
//
// The contract for damage holds for pages, which PostgreSQL's own checksums cover, if the database
// has them: kDamaged is the error of a read that met a damaged page. Chunks, rollups and energies
// have a check of their own besides, which is verified where they are decoded.
//
// The factory's functions there: backup() names no files, as the database has its own backups
// (pg_dump, or its log of writes); check() reads and decodes all rows, at one moment; verify() asks
// the database how many pages with a wrong checksum it has met; damaged_rows() is 0, as a damaged
// page fails the read of all its rows.
#pragma once

#include <memory>

#include "base/clock.h"
#include "history/store/row_store.h"
#include "history/store/store_factory.h"
#include "ownership/postgres/owner_fence.h"
#include "postgres/connection.h"
#include "postgres/pool.h"
#include "postgres/settings.h"

namespace gridloom::history {

struct PostgresStoreOptions {
  // Limits of each call, see postgres::Connection.
  postgres::Connection::Options connection{};
  const Clock* clock = nullptr;  // of Pool::Health; outlives the factory and its stores
  // The owner's of the slot that the settings' schema is of (slot_schema.h); null: no cluster.
  std::shared_ptr<const cluster::OwnerFence> fence{};
};

// A store in the schema of the pool's settings, whose tables exist. Connects when it is first used.
// `fence`: of the owner of the slot that the schema is of, or null.
[[nodiscard]] std::unique_ptr<RowStore> open_postgres_store(
    std::shared_ptr<postgres::Pool> pool,
    std::shared_ptr<const cluster::OwnerFence> fence = nullptr);

// Connects with nobody before it is first asked to open something.
[[nodiscard]] std::shared_ptr<StoreFactory> postgres_store_factory(
    postgres::ConnectionSettings settings, const PostgresStoreOptions& options);

}  // namespace gridloom::history
