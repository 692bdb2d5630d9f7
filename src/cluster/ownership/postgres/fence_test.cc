// The fence in PostgreSQL, where it differs from what every kind of claims promises
// (cluster/claims_conformance).
#include "ownership/postgres/fence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ownership/postgres/postgres_claims.h"
#include "postgres/connection.h"
#include "postgres/copy.h"
#include "postgres/test_server.h"
#include "testing/must.h"

namespace gridloom::cluster {
namespace {

using postgres::Connection;
using postgres::TestDatabase;
using postgres::TestServer;
using postgres::Transaction;

constexpr Slot kSlot{0};
const NodeId kAnna{.name = "anna", .incarnation = 1};
const NodeId kBert{.name = "bert", .incarnation = 2};

class SlotFence : public testing::Test {
 protected:
  void SetUp() override {
    if (TestServer::programs().empty()) GTEST_SKIP() << TestServer::kMissing;
    database_.emplace();
    claims_ = must(open_postgres_claims(database_->settings(),
                                        {.lock_timeout = Millis(30'000), .clock = clock_}));
    must(claims_->join(2));
    must(claims_->claim({.slot = kSlot, .node = kAnna, .seen = 0}));
    must(database_->connect().run("CREATE TABLE written (n bigserial, revision bigint)"));
  }
  [[nodiscard]] Connection connect() const { return database_->connect(); }
  // Until a session of the database waits for a lock of another one.
  void wait_for_a_waiting_session() const {
    Connection connection = connect();
    while (must(connection.integer("SELECT count(*) FROM pg_locks WHERE NOT granted")) == 0) {
    }
  }

  SystemClock clock_;
  std::optional<TestDatabase> database_;
  std::unique_ptr<Claims> claims_;
  Fence fence_;
};

TEST_F(SlotFence, AClaimWaitsForTheTransactionOfTheOwnerBefore) {
  Connection connection = connect();
  Transaction transaction = must(Transaction::begin(connection));
  must(fence_.check(connection, kSlot, 1));
  auto claimed = std::async(std::launch::async, [this] {
    return claims_->claim({.slot = kSlot, .node = kBert, .seen = 1});
  });
  wait_for_a_waiting_session();
  must(connection.execute("INSERT INTO written (revision) VALUES (1)"));
  must(transaction.commit());
  EXPECT_EQ(must(claimed.get()).revision, 2);
  Transaction late = must(Transaction::begin(connection));
  const Status fenced = fence_.check(connection, kSlot, 1);
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().code, ErrorCode::kConflict);
  EXPECT_THAT(fenced.error().detail, testing::HasSubstr("revision 2 of bert"));
}

TEST_F(SlotFence, ATransactionThatWaitedForAClaimIsRefused) {
  Connection claimant = connect();
  Transaction claim = must(Transaction::begin(claimant));
  must(claimant.execute("UPDATE cluster_slot SET revision = 2 WHERE slot = 0"));
  auto checked = std::async(std::launch::async, [this] {
    Connection connection = database_->connect({.lock_timeout = Millis(30'000)});
    const Transaction transaction = must(Transaction::begin(connection));
    return fence_.check(connection, kSlot, 1);
  });
  wait_for_a_waiting_session();
  must(claim.commit());
  const Status fenced = checked.get();
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().code, ErrorCode::kConflict) << fenced.error().detail;
  EXPECT_EQ(fence_.refused(), 1U);
}

TEST_F(SlotFence, StoresOfOneOwnerHoldItAtOnce) {
  Connection history = connect();
  Connection sessions = connect();
  Transaction first = must(Transaction::begin(history));
  Transaction second = must(Transaction::begin(sessions));
  must(fence_.check(history, kSlot, 1));
  must(fence_.check(sessions, kSlot, 1));
  must(first.commit());
  must(second.commit());
}

TEST_F(SlotFence, APausedOwnerHoldsUpAClaimForALimitedTime) {
  constexpr std::string_view kShow =
      "SELECT setting FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'";
  Connection connection = connect();
  const std::string before(must(connection.query(kShow))[0].bytes(0));
  for (const bool moves : {false, true}) {
    Transaction transaction = must(Transaction::begin(connection));
    must(moves ? fence_.check_and_move(connection, kSlot, 1, {.from = 0, .to = 5})
               : fence_.check(connection, kSlot, 1));
    EXPECT_EQ(must(connection.query(kShow))[0].bytes(0),
              std::to_string(Fence::kLongestIdle.count()));
    must(transaction.commit());
    EXPECT_EQ(must(connection.query(kShow))[0].bytes(0), before);
  }
}

TEST_F(SlotFence, AnOwnerThatStandsStillWithinAStatementHoldsUpAClaimForALimitedTime) {
  const auto claims = must(
      open_postgres_claims(database_->settings(), {.lock_timeout = Millis(200), .clock = clock_}));
  Connection connection = connect();
  std::optional<Transaction> transaction = must(Transaction::begin(connection));
  must(fence_.check(connection, kSlot, 1));
  postgres::CopyIn copy(connection);
  must(copy.begin("COPY written (revision) FROM STDIN BINARY"));
  int refused = 0;
  auto claimed = claims->claim({.slot = kSlot, .node = kBert, .seen = 1});
  for (; !claimed; ++refused) {
    ASSERT_EQ(claimed.error().code, ErrorCode::kIo);
    ASSERT_LT(refused, 100);
    claimed = claims->claim({.slot = kSlot, .node = kBert, .seen = 1});
  }
  EXPECT_GE(refused, 5) << "it is ended after the time in which it may be slow";
  EXPECT_FALSE(copy.finish());
  transaction.reset();
  EXPECT_EQ(must(connect().integer("SELECT count(*) FROM written")), 0);
}

TEST_F(SlotFence, APositionMovesForwardFromWhereItIsKnown) {
  Connection connection = connect();
  const auto move = [&](Revision revision, Fence::Move by) {
    Transaction transaction = must(Transaction::begin(connection));
    Status moved = fence_.check_and_move(connection, kSlot, revision, by);
    return moved ? transaction.commit() : moved;
  };
  must(move(1, {.from = 0, .to = 10}));
  EXPECT_FALSE(move(1, {.from = 0, .to = 20}));
  EXPECT_FALSE(move(1, {.from = 10, .to = 10}));
  EXPECT_FALSE(move(1, {.from = 10, .to = 9}));
  EXPECT_FALSE(move(2, {.from = 10, .to = 20}));
  EXPECT_EQ(fence_.refused(), 4U);
  must(move(1, {.from = 10, .to = 20}));
  EXPECT_EQ(must(claims_->claim({.slot = kSlot, .node = kBert, .seen = 1})).position, 20);
}

TEST_F(SlotFence, AMoveIsTakenBackByTheOwnerThatMadeIt) {
  Connection connection = connect();
  const auto take_back = [&](Revision revision, Fence::Move by) {
    Transaction transaction = must(Transaction::begin(connection));
    Status moved = fence_.check_and_move_back(connection, kSlot, revision, by);
    return moved ? transaction.commit() : moved;
  };
  must(connection.execute("UPDATE cluster_slot SET position = 20 WHERE slot = 0"));
  EXPECT_FALSE(take_back(1, {.from = 20, .to = 30}));
  EXPECT_FALSE(take_back(1, {.from = 19, .to = 10}));
  EXPECT_FALSE(take_back(2, {.from = 20, .to = 10}));
  must(take_back(1, {.from = 20, .to = 10}));
  EXPECT_EQ(must(claims_->read()).at(0).position, 10);
}

TEST_F(SlotFence, FindsTheTablesOfTheClusterFromAnotherSchema) {
  const postgres::ConnectionSettings settings = database_->settings();
  const TestDatabase other;
  Connection connection = other.connect();
  Fence fence(settings.schema());
  Transaction transaction = must(Transaction::begin(connection));
  must(fence.check(connection, kSlot, 1));
  must(fence.check_and_move(connection, kSlot, 1, {.from = 0, .to = 1}));
  EXPECT_FALSE(fence.check(connection, kSlot, 2));
}

TEST_F(SlotFence, RowsOfALaterOwnerNeverComeBeforeThoseOfAnEarlierOne) {
  constexpr Revision kLast = 40;
  const auto write_until_the_end = [this] {
    Connection connection = database_->connect({.lock_timeout = Millis(30'000)});
    for (Revision seen = 1; seen < kLast;) {
      Transaction transaction = must(Transaction::begin(connection));
      const Status held = fence_.check(connection, kSlot, seen);
      if (!held) {
        ++seen;  // it lost the slot, and writes as the next owner
        continue;
      }
      must(connection.execute("INSERT INTO written (revision) VALUES ($1)", seen));
      must(transaction.commit());
    }
  };
  {
    std::vector<std::jthread> owners;
    for (int i = 0; i < 3; ++i) owners.emplace_back(write_until_the_end);
    Connection connection = connect();
    for (Revision seen = 1; seen < kLast; ++seen) {
      while (must(connection.integer("SELECT count(*) FROM written WHERE revision = $1", seen)) ==
             0) {
      }
      must(claims_->claim({.slot = kSlot, .node = kBert, .seen = seen}));
    }
  }
  EXPECT_EQ(must(connect().integer("SELECT count(*) FROM written a JOIN written b "
                                   "ON a.n < b.n AND a.revision > b.revision")),
            0);
  EXPECT_GE(fence_.refused(), static_cast<std::uint64_t>(kLast - 1));
}

TEST_F(SlotFence, MovesOfAPositionChangeNoIndex) {
  Connection connection = connect();
  constexpr std::int64_t kMoves = 500;
  for (std::int64_t i = 0; i < kMoves; ++i) {
    Transaction transaction = must(Transaction::begin(connection));
    must(fence_.check_and_move(connection, kSlot, 1, {.from = i, .to = i + 1}));
    must(transaction.commit());
  }
  must(connection.query("SELECT pg_stat_force_next_flush()"));
  must(connection.query("SELECT 1"));
  const auto rows = must(
      connect().query("SELECT n_tup_upd - n_tup_hot_upd, n_tup_upd, pg_relation_size(relid) "
                      "FROM pg_stat_user_tables WHERE relname = 'cluster_slot' AND schemaname = $1",
                      connection.schema()));
  EXPECT_EQ(rows[0].integer(0), 0);
  EXPECT_GE(rows[0].integer(1), kMoves);
  EXPECT_LE(rows[0].integer(2), 2 * 8'192);
}

}  // namespace
}  // namespace gridloom::cluster
