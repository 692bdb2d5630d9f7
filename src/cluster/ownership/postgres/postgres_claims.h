// The claims in PostgreSQL (ownership/claims.h): the tables cluster_facts and cluster_slot.
//
// Thread rule: as for Claims. A call ends within the time-outs of its connection.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "ownership/claims.h"
#include "postgres/connection.h"
#include "postgres/settings.h"

namespace gridloom::cluster {

// The tables of a cluster in PostgreSQL (docs/internals/postgres.md).
// Creates the tables, or brings them to this program's version. Fails as postgres::migrate().
[[nodiscard]] Status migrate_cluster(postgres::Connection& connection);

struct PostgresClaimsOptions {
  Millis call_timeout{2'000};
  // A store's transaction of the owner before may hold the row.
  Millis lock_timeout{1'000};
  const Clock& clock;  // outlives the claims
};

// Makes the tables. Fails as postgres::Connection::open() and postgres::migrate().
[[nodiscard]] Result<std::unique_ptr<Claims>> open_postgres_claims(
    const postgres::ConnectionSettings& settings, const PostgresClaimsOptions& options);

}  // namespace gridloom::cluster
