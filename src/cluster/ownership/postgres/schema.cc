#include "ownership/postgres/schema.h"

#include <array>
#include <string_view>

#include "postgres/migrate.h"

namespace gridloom::cluster {
namespace {

// A row of cluster_slot may be updated with each batch of its slot that is stored (`position`).
// Nine tenths of each page are for the next versions of its rows: an update finds room there and,
// as no index has a column that changes, changes no index (HOT). The next access to a full page
// takes the dead versions away, so that no vacuum has to.
constexpr std::string_view kTables = R"(
CREATE TABLE cluster_facts (
  one smallint PRIMARY KEY CHECK (one = 1),
  id text NOT NULL,
  slots int NOT NULL CHECK (slots BETWEEN 1 AND 64),
  made timestamptz NOT NULL DEFAULT now(),
  program text NOT NULL
);
CREATE TABLE cluster_slot (
  slot smallint PRIMARY KEY,
  owner text,
  incarnation bigint,
  revision bigint NOT NULL DEFAULT 0,
  position bigint NOT NULL DEFAULT 0,
  claimed timestamptz,
  CHECK ((owner IS NULL) = (incarnation IS NULL))
) WITH (fillfactor = 10);
)";

// Nodes that have not left by plan, and what is known of losses and damage anywhere.
constexpr std::string_view kShared = R"(
CREATE TABLE cluster_node (
  node text PRIMARY KEY,
  incarnation bigint NOT NULL
);
CREATE TABLE cluster_damage (
  place text NOT NULL,
  note text NOT NULL,
  line text NOT NULL,
  PRIMARY KEY (place, note)
);
)";

constexpr std::array kSteps{
    postgres::Migration{.version = 1, .usable_from = 1, .sql = kTables},
    postgres::Migration{.version = 2, .usable_from = 1, .sql = kShared},
};

}  // namespace

Status migrate_cluster(postgres::Connection& connection) {
  return postgres::migrate(connection, "cluster", kSteps);
}

}  // namespace gridloom::cluster
