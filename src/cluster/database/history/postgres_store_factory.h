// History's storage in a PostgreSQL database: docs/operate/postgres.md.
//
// The factory's functions there: backup() names no files, as the database has its own backups
// (pg_dump, or its log of writes); check() reads and decodes all rows, at one moment; verify() asks
// the database how many pages with a wrong checksum it has met; damaged_rows() is 0, as a damaged
// page fails the read of all its rows.
#pragma once

#include <memory>

#include "base/clock.h"
#include "history/store/store_factory.h"
#include "ownership/postgres/owner_fence.h"
#include "postgres/connection.h"
#include "postgres/settings.h"

namespace gridloom::history {

struct PostgresStoreOptions {
  // Limits of each call, see postgres::Connection.
  postgres::Connection::Options connection{};
  const Clock* clock = nullptr;  // of Pool::Health; outlives the factory and its stores
  // The owner's of the slot that the settings' schema is of (slot_schema.h); null: no cluster.
  std::shared_ptr<const cluster::OwnerFence> fence{};
};

// Connects with nobody before it is first asked to open something.
[[nodiscard]] std::shared_ptr<StoreFactory> postgres_store_factory(
    postgres::ConnectionSettings settings, const PostgresStoreOptions& options);

}  // namespace gridloom::history
