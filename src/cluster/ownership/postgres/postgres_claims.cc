#include "ownership/postgres/postgres_claims.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "ownership/postgres/fence.h"
#include "postgres/connection.h"
#include "postgres/failure.h"
#include "postgres/migrate.h"
#include "postgres/pool.h"
#include "postgres/rows.h"

namespace gridloom::cluster {
namespace {

using postgres::Connection;
using postgres::Pool;
using postgres::Row;
using postgres::Rows;
using postgres::Transaction;

constexpr std::size_t kConnections = 2;
constexpr Millis kMigrationTimeout{60'000};
constexpr Millis kMigrationLockTimeout{30'000};

// A claim is worth nothing if a crash of the database may take it back.
constexpr std::string_view kDurable =
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') = 'off'";
constexpr std::string_view kMake =
    "INSERT INTO cluster_facts (one, id, slots, program) "
    "VALUES (1, $1, $2, current_setting('application_name')) ON CONFLICT (one) DO NOTHING";
constexpr std::string_view kMakeSlots =
    "INSERT INTO cluster_slot (slot) SELECT generate_series(0, $1 - 1)";
constexpr std::string_view kFacts = "SELECT id, slots FROM cluster_facts";
constexpr std::string_view kRead =
    "SELECT slot, revision, owner, incarnation, position FROM cluster_slot ORDER BY slot";
constexpr std::string_view kClaim =
    "UPDATE cluster_slot SET owner = $3, incarnation = $4, "
    "revision = greatest(revision, $5) + 1, claimed = now() "
    "WHERE slot = $1 AND revision = $2 "
    "RETURNING slot, revision, owner, incarnation, position";
// A session whose client stands still within a statement, as in a COPY, is not idle, so that the
// server does not end it, and it holds the row of its slot. This ends it: the client of such a
// session that is well asks for its transaction again.
constexpr std::string_view kEndStuck =
    "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a WHERE a.pid IN "
    "(SELECT pid FROM pg_locks WHERE relation = CAST('cluster_slot' AS regclass) "
    "AND mode IN ('RowShareLock', 'RowExclusiveLock')) AND a.pid <> pg_backend_pid() "
    "AND a.wait_event = 'ClientRead' AND a.query_start < clock_timestamp() - $1 * interval '1 ms'";
constexpr std::string_view kRelease =
    "UPDATE cluster_slot SET owner = NULL, incarnation = NULL "
    "WHERE slot = $1 AND revision = $2 AND owner = $3 AND incarnation = $4";

std::int16_t key_of(Slot slot) { return static_cast<std::int16_t>(number_of(slot)); }

SlotRow slot_row(const Row& row) {
  SlotRow result{.slot = static_cast<Slot>(row.integer(0)),
                 .revision = row.integer(1),
                 .position = row.integer(4)};
  if (!row.is_null(2)) {
    result.owner = NodeId{.name = std::string(row.bytes(2)), .incarnation = row.integer(3)};
  }
  return result;
}

class PostgresClaims final : public Claims {
 public:
  PostgresClaims(const postgres::ConnectionSettings& settings, const PostgresClaimsOptions& options)
      : pool_(settings, {.job = "claims",
                         .most = kConnections,
                         .connection = {.call_timeout = options.call_timeout,
                                        .lock_timeout = options.lock_timeout},
                         .clock = options.clock}) {}

  [[nodiscard]] Result<ClusterFacts> join(std::size_t slots) override;
  [[nodiscard]] Result<std::vector<SlotRow>> read() override;
  [[nodiscard]] Result<SlotRow> claim(const Ask& ask) override;
  [[nodiscard]] Status release(Slot slot, const NodeId& node, Revision revision) override;

 private:
  [[nodiscard]] Result<Pool::Lease> writing();
  static void end_stuck_sessions(Connection& connection);

  Pool pool_;
};

Result<Pool::Lease> PostgresClaims::writing() {
  auto lease = pool_.acquire();
  if (!lease) return lease;
  if (const Result<Rows> set = (*lease)->query(kDurable); !set) {
    return std::unexpected(set.error());
  }
  return lease;
}

Result<ClusterFacts> PostgresClaims::join(std::size_t slots) {
  if (slots < 1 || slots > kMostSlots) {
    return fail(ErrorCode::kBadParams, fmt::format("a cluster has 1 to {} slots", kMostSlots));
  }
  GL_TRY(auto lease, writing());
  Connection& connection = *lease;
  GL_TRY(auto transaction, Transaction::begin(connection));
  const auto wanted = static_cast<std::int32_t>(slots);
  // A second node waits here for the first one's commit.
  GL_TRY(const auto made, connection.execute(kMake, random_hex(16), wanted));
  if (made == 1) {
    GL_TRY(connection.execute(kMakeSlots, wanted));
  }
  GL_TRY(const Rows facts, connection.query(kFacts));
  if (facts.empty()) return fail(ErrorCode::kDamaged, "the database has no facts of the cluster");
  ClusterFacts found{.id = std::string(facts[0].bytes(0)),
                     .slots = static_cast<std::size_t>(facts[0].integer(1))};
  GL_TRY(transaction.commit());
  if (found.slots == slots) return found;
  return fail(ErrorCode::kConflict,
              fmt::format("the cluster {} has {} slots, which is fixed since it was made, and this "
                          "node was started for {}",
                          found.id, found.slots, slots));
}

Result<std::vector<SlotRow>> PostgresClaims::read() {
  GL_TRY(auto lease, pool_.acquire());
  GL_TRY(const Rows rows, lease->query(kRead));
  std::vector<SlotRow> slots;
  slots.reserve(rows.size());
  for (const Row row : rows) slots.push_back(slot_row(row));
  return slots;
}

Result<SlotRow> PostgresClaims::claim(const Ask& ask) {
  GL_TRY(auto lease, writing());
  const Result<Rows> rows = lease->query(kClaim, key_of(ask.slot), ask.seen, ask.node.name,
                                         ask.node.incarnation, ask.above);
  if (!rows) {
    if (lease->last_failure() == postgres::Failure::kRetry) end_stuck_sessions(*lease);
    return std::unexpected(rows.error());
  }
  if (rows->empty()) {
    return fail(ErrorCode::kConflict,
                fmt::format("slot {} has no longer revision {}", number_of(ask.slot), ask.seen));
  }
  return slot_row((*rows)[0]);
}

// The next attempt to claim finds the row free.
void PostgresClaims::end_stuck_sessions(Connection& connection) {
  const Result<Rows> ended = connection.query(kEndStuck, std::int64_t{Fence::kLongestIdle.count()});
  if (ended && !ended->empty()) {
    spdlog::warn("{} sessions of the database were ended, whose clients stood still",
                 ended->size());
  }
}

Status PostgresClaims::release(Slot slot, const NodeId& node, Revision revision) {
  GL_TRY(auto lease, writing());
  GL_TRY(const auto released,
         lease->execute(kRelease, key_of(slot), revision, node.name, node.incarnation));
  if (released == 1) return {};
  return fail(ErrorCode::kConflict, fmt::format("{} does not own slot {} under revision {}",
                                                text_of(node), number_of(slot), revision));
}

}  // namespace

Result<std::unique_ptr<Claims>> open_postgres_claims(const postgres::ConnectionSettings& settings,
                                                     const PostgresClaimsOptions& options) {
  GL_TRY(auto connection, Connection::open(settings, {.call_timeout = kMigrationTimeout,
                                                      .lock_timeout = kMigrationLockTimeout}));
  GL_TRY(migrate_cluster(connection));
  return std::make_unique<PostgresClaims>(settings, options);
}

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
