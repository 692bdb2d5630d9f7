#include "postgres/transaction.h"

#include <gtest/gtest.h>

#include <csignal>
#include <optional>

#include "postgres/test_server.h"
#include "testing/must.h"

namespace gridloom::postgres {
namespace {

using Outcome = Transaction::Outcome;

class PostgresTransaction : public testing::Test {
 protected:
  void SetUp() override {
    if (TestServer::programs().empty()) GTEST_SKIP() << TestServer::kMissing;
    database_.emplace();
    must(database_->connect().run(
        "CREATE TABLE t (a int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)"));
  }
  [[nodiscard]] Connection connect(const Connection::Options& options = {}) const {
    return database_->connect(options);
  }
  [[nodiscard]] std::int64_t rows() const {
    return must(connect().integer("SELECT CAST(count(*) AS int) FROM t"));
  }

 private:
  std::optional<TestDatabase> database_;
};

TEST_F(PostgresTransaction, TakesEffectWhenItIsCommittedAndOnlyThen) {
  Connection connection = connect();
  {
    const Transaction given_up = must(Transaction::begin(connection));
    must(connection.execute("INSERT INTO t VALUES (1)"));
    EXPECT_TRUE(connection.is_in_transaction());
  }
  EXPECT_FALSE(connection.is_in_transaction());
  EXPECT_EQ(rows(), 0);
  Transaction transaction = must(Transaction::begin(connection));
  must(connection.execute("INSERT INTO t VALUES (1)"));
  EXPECT_EQ(rows(), 0);
  EXPECT_EQ(transaction.outcome(), Outcome::kOpen);
  must(transaction.commit());
  EXPECT_EQ(transaction.outcome(), Outcome::kCommitted);
  EXPECT_EQ(rows(), 1);
}

TEST_F(PostgresTransaction, SeesOneStateWhileItReads) {
  Connection connection = connect();
  const Transaction reading = must(Transaction::begin(connection, Transaction::Kind::kReading));
  EXPECT_EQ(must(connection.integer("SELECT CAST(count(*) AS int) FROM t")), 0);
  must(connect().run("INSERT INTO t VALUES (1)"));
  EXPECT_EQ(must(connection.integer("SELECT CAST(count(*) AS int) FROM t")), 0);
}

TEST_F(PostgresTransaction, IsRolledBackIfAStatementFailed) {
  Connection connection = connect();
  Transaction transaction = must(Transaction::begin(connection));
  must(connection.execute("INSERT INTO t VALUES (1)"));
  EXPECT_FALSE(connection.execute("INSERT INTO nowhere VALUES (1)"));
  EXPECT_FALSE(transaction.commit());
  EXPECT_EQ(transaction.outcome(), Outcome::kRolledBack);
  EXPECT_EQ(rows(), 0);
}

TEST_F(PostgresTransaction, IsRolledBackIfItsCommitIsRefused) {
  Connection connection = connect();
  Transaction transaction = must(Transaction::begin(connection));
  must(connection.execute("INSERT INTO t VALUES (1)"));
  must(connection.execute("INSERT INTO t VALUES (1)"));  // checked by COMMIT
  const Status refused = transaction.commit();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict) << refused.error().detail;
  EXPECT_EQ(transaction.outcome(), Outcome::kRolledBack);
  EXPECT_EQ(rows(), 0);
}

TEST_F(PostgresTransaction, HasAnUnknownOutcomeIfItsCommitIsNotAnswered) {
  Connection connection = connect({.call_timeout = Millis(50)});
  const auto session = static_cast<pid_t>(must(connection.integer("SELECT pg_backend_pid()")));
  Transaction transaction = must(Transaction::begin(connection));
  must(connection.execute("INSERT INTO t VALUES (1)"));
  ::kill(session, SIGSTOP);
  const Status unanswered = transaction.commit();
  ::kill(session, SIGCONT);
  ASSERT_FALSE(unanswered);
  EXPECT_EQ(unanswered.error().code, ErrorCode::kIo);
  EXPECT_TRUE(unanswered.error().detail.contains("not known")) << unanswered.error().detail;
  EXPECT_EQ(transaction.outcome(), Outcome::kUnknown);
}

TEST_F(PostgresTransaction, IsRolledBackIfTheConnectionWasLostBeforeItsCommit) {
  Connection connection = connect();
  const std::int64_t session = must(connection.integer("SELECT pg_backend_pid()"));
  Transaction transaction = must(Transaction::begin(connection));
  must(connect().query("SELECT pg_terminate_backend(CAST($1 AS int), 10000)", session));
  EXPECT_FALSE(connection.execute("INSERT INTO t VALUES (1)"));
  EXPECT_FALSE(transaction.commit());
  EXPECT_EQ(transaction.outcome(), Outcome::kRolledBack);
}

}  // namespace
}  // namespace gridloom::postgres
