// The tables of history (history/store/history_tables.h) in a PostgreSQL database, with what it has
// for them besides.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ownership/node_id.h"
#include "postgres/connection.h"
#include "postgres/settings.h"

namespace gridloom::history {

// The tables of history in a cluster: each slot has all of them for itself, in a schema of its own
// beside the cluster's (gridloom_slot_3 beside gridloom), so that its owner writes there as the
// server of one data folder does, and shares no row and no lock with the owners of other slots.
//
// The views (sql_views.h) stand in the cluster's schema, and unite the slots.
[[nodiscard]] std::string slot_schema(std::string_view cluster_schema, cluster::Slot slot);
// `settings`: of the cluster's schema.
[[nodiscard]] postgres::ConnectionSettings slot_settings(
    const postgres::ConnectionSettings& settings, cluster::Slot slot);

// Makes what is missing of the tables of all slots, and of the views. Each node does so when it
// starts. Fails as postgres::Connection::open() and postgres::migrate() do.
[[nodiscard]] Status make_slot_schemas(const postgres::ConnectionSettings& settings,
                                       const postgres::Connection::Options& connection,
                                       std::size_t slots);

// Makes what is missing. kConflict: the tables are of a later version.
[[nodiscard]] Status make_history_tables(postgres::Connection& connection);

}  // namespace gridloom::history
