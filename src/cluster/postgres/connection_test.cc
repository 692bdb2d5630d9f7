#include "postgres/connection.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "postgres/copy.h"
#include "postgres/pipeline.h"
#include "postgres/test_server.h"
#include "testing/must.h"

namespace gridloom::postgres {
namespace {

using namespace std::string_literals;
using std::chrono::steady_clock;

class PostgresConnection : public testing::Test {
 protected:
  void SetUp() override {
    if (TestServer::programs().empty()) GTEST_SKIP() << TestServer::kMissing;
    database_.emplace();
  }
  [[nodiscard]] Connection connect(const Connection::Options& options = {}) const {
    return database_->connect(options);
  }
  [[nodiscard]] TestDatabase& database() { return *database_; }

 private:
  std::optional<TestDatabase> database_;
};

TEST_F(PostgresConnection, ReadsEveryTypeAsItWasWritten) {
  Connection connection = connect();
  must(
      connection.run("CREATE TABLE t (a smallint, b int, c bigint, d boolean, e double precision, "
                     "f text, g bytea, h timestamptz, i int[], j bigint[], k bytea[])"));
  const TimePoint time{Millis(1'764'000'000'123)};
  const std::string bytes = "\0\xff bytes"s;
  const std::array<std::int32_t, 2> ints = {1, -2};
  const std::array<std::int64_t, 1> longs = {1LL << 40};
  const std::array<Bytes, 1> texts = {Bytes{"x"}};
  EXPECT_EQ(must(connection.execute(
                "INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                std::int16_t{-7}, std::int32_t{70'000}, std::int64_t{-5'000'000'000}, true, 1.5,
                "Küche", Bytes{bytes}, time, std::span<const std::int32_t>(ints),
                std::span<const std::int64_t>(longs), std::span<const Bytes>(texts))),
            1);
  const Rows rows = must(connection.query(
      "SELECT a, b, c, d, e, f, g, h, i[2], j[1], k[1], array_length($1, 1) FROM t",
      std::span<const std::int64_t>()));
  ASSERT_EQ(rows.size(), 1U);
  const Row row = rows[0];
  EXPECT_EQ(row.integer(0), -7);
  EXPECT_EQ(row.integer(1), 70'000);
  EXPECT_EQ(row.integer(2), -5'000'000'000);
  EXPECT_TRUE(row.boolean(3));
  EXPECT_EQ(row.number(4), 1.5);
  EXPECT_EQ(row.bytes(5), "Küche");
  EXPECT_EQ(row.bytes(6), bytes);
  EXPECT_EQ(row.time(7), time);
  EXPECT_EQ(row.integer(8), -2);
  EXPECT_EQ(row.integer(9), 1LL << 40);
  EXPECT_EQ(row.bytes(10), "x");
  EXPECT_TRUE(row.is_null(11)) << "an empty array has no length";
}

TEST_F(PostgresConnection, DoesNotWaitForWhatIsPosted) {
  Connection connection = connect();
  must(connection.run("CREATE TABLE t (a bigint)"));
  must(connection.run("BEGIN; INSERT INTO t VALUES (1)"));
  connection.post("ROLLBACK");
  EXPECT_FALSE(connection.is_in_transaction());
  EXPECT_EQ(must(connection.integer("SELECT CAST(count(*) AS bigint) FROM t")), 0);
  connection.post("SELECT nonsense");
  Pipeline pipeline(connection);
  pipeline.add("INSERT INTO t VALUES (2)");
  must(pipeline.run());
  connection.post("SELECT 1; SELECT 2");
  CopyIn copy(connection);
  must(copy.begin("COPY t FROM STDIN BINARY"));
  must(copy.row(std::int64_t{3}));
  EXPECT_EQ(must(copy.finish()), 1);
  connection.post("ROLLBACK");
  connection.post("ROLLBACK");
  EXPECT_TRUE(connection.is_usable());
  EXPECT_EQ(must(connection.integer("SELECT CAST(sum(a) AS bigint) FROM t")), 5);
  EXPECT_TRUE(connection.is_alive());
}

TEST_F(PostgresConnection, WritesNullForNothing) {
  Connection connection = connect();
  const Rows rows =
      must(connection.query("SELECT $1, $2, $1 IS NULL", std::optional<std::int64_t>(),
                            std::optional<std::string_view>()));
  EXPECT_TRUE(rows[0].is_null(0));
  EXPECT_TRUE(rows[0].is_null(1));
  EXPECT_TRUE(rows[0].boolean(2));
  EXPECT_EQ(rows[0].integer(0), 0);
  EXPECT_EQ(rows[0].bytes(1), "");
}

TEST_F(PostgresConnection, PreparesAStatementAgainForOtherTypes) {
  Connection connection = connect();
  EXPECT_EQ(must(connection.integer("SELECT $1 + 1", std::int64_t{1} << 40)), (1LL << 40) + 1);
  EXPECT_EQ(must(connection.integer("SELECT $1 + 1", std::int32_t{1})), 2);
  EXPECT_EQ(must(connection.integer("SELECT $1 + 1", std::int64_t{2})), 3);
  EXPECT_EQ(must(connection.integer("SELECT CAST(count(*) AS int) FROM pg_prepared_statements")),
            3);
}

TEST_F(PostgresConnection, NamesEachFailureAndKeepsItsValuesToItself) {
  struct Case {
    std::string_view sql;
    ErrorCode code;
    Failure failure;
    std::string_view words;
  };
  Connection connection = connect();
  must(connection.run("CREATE TABLE t (name text PRIMARY KEY); INSERT INTO t VALUES ('k3y')"));
  for (const auto& [sql, code, failure, words] : {
           Case{"INSERT INTO t VALUES ($1)", ErrorCode::kConflict, Failure::kConflict, "t_pkey"},
           Case{"SELECT name FROM u WHERE name = $1", ErrorCode::kIo, Failure::kRefused, "42P01"},
           Case{"SELEC $1", ErrorCode::kInternal, Failure::kRefused, "syntax error"},
       }) {
    const Result<Rows> refused = connection.query(sql, "k3y");
    ASSERT_FALSE(refused) << sql;
    EXPECT_EQ(refused.error().code, code) << refused.error().detail;
    EXPECT_EQ(connection.last_failure(), failure) << sql;
    EXPECT_TRUE(refused.error().detail.contains(words)) << refused.error().detail;
    EXPECT_FALSE(refused.error().detail.contains("k3y")) << refused.error().detail;
    EXPECT_EQ(must(connection.integer("SELECT 1")), 1) << "it goes on after " << sql;
    EXPECT_EQ(connection.last_failure(), Failure::kNone);
  }
  EXPECT_EQ(connection.integer("SELECT 1 WHERE false").error().code, ErrorCode::kNotFound);
}

TEST_F(PostgresConnection, EndsAStatementThatTakesTooLongAndGoesOn) {
  Connection connection = connect({.call_timeout = Millis(50)});
  const Result<Rows> slow = connection.query("SELECT pg_sleep(60)");
  ASSERT_FALSE(slow);
  EXPECT_EQ(connection.last_failure(), Failure::kRetry) << slow.error().detail;
  EXPECT_EQ(must(connection.integer("SELECT 1")), 1);
}

TEST_F(PostgresConnection, WaitsForALockNoLongerThanItMay) {
  Connection holder = connect();
  must(holder.run("CREATE TABLE t ()"));
  must(holder.run("BEGIN; LOCK TABLE t"));
  Connection connection = connect({.lock_timeout = Millis(20)});
  const Status locked = connection.run("BEGIN; LOCK TABLE t");
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().code, ErrorCode::kIo);
  EXPECT_EQ(connection.last_failure(), Failure::kRetry) << locked.error().detail;
}

// A paused server is one that does not answer, though its sockets are open.
class Paused {
 public:
  explicit Paused(pid_t process) : process_(process) { ::kill(process_, SIGSTOP); }
  Paused(const Paused&) = delete;
  Paused& operator=(const Paused&) = delete;
  ~Paused() { ::kill(process_, SIGCONT); }

 private:
  pid_t process_;
};

TEST_F(PostgresConnection, IsLostWhenItsSessionDoesNotAnswerInTime) {
  Connection connection = connect({.call_timeout = Millis(50)});
  const auto session = static_cast<pid_t>(must(connection.integer("SELECT pg_backend_pid()")));
  const Paused paused(session);
  const auto begin = steady_clock::now();
  const Result<Rows> unanswered = connection.query("SELECT 1");
  EXPECT_GE(steady_clock::now() - begin, Millis(50) + Connection::kGrace);
  ASSERT_FALSE(unanswered);
  EXPECT_EQ(unanswered.error().code, ErrorCode::kIo);
  EXPECT_EQ(connection.last_failure(), Failure::kAway) << unanswered.error().detail;
  EXPECT_FALSE(connection.is_alive());
  EXPECT_FALSE(connection.query("SELECT 1"));
}

TEST_F(PostgresConnection, IsNotMadeWithAServerThatDoesNotAnswer) {
  const std::string url = TestServer::get().url() + "&connect_timeout=1";
  const ConnectionSettings settings = must(ConnectionSettings::parse({.url = url}));
  const Paused paused(TestServer::get().process());
  const Result<Connection> refused = Connection::open(settings, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kIo);
  EXPECT_TRUE(refused.error().detail.contains("1000 ms")) << refused.error().detail;
}

TEST_F(PostgresConnection, GoesOnToTheHostThatAnswers) {
  const std::string url = TestServer::get().url();
  const std::string folder = url.substr(url.find("host=") + 5);
  const ConnectionSettings settings = must(ConnectionSettings::parse(
      {.url = "postgres://gridloom@/postgres?host=/nowhere/at/all," + folder}));
  EXPECT_EQ(must(must(Connection::open(settings, {})).integer("SELECT 1")), 1);
  EXPECT_EQ(settings.first_host(), 1U);
}

TEST_F(PostgresConnection, IsNotMadeWithAServerThatTakesNoWrites) {
  const std::string url = TestServer::get().url();
  const std::string read_only = url + "&options=-c%20default_transaction_read_only%3Don";
  const Result<Connection> refused =
      Connection::open(must(ConnectionSettings::parse({.url = read_only})), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kIo);
  EXPECT_TRUE(refused.error().detail.contains("read-only")) << refused.error().detail;
  const std::string any = read_only + "&target_session_attrs=any";
  Connection reading = must(Connection::open(must(ConnectionSettings::parse({.url = any})), {}));
  EXPECT_FALSE(reading.run("CREATE TABLE t ()"));
  EXPECT_EQ(reading.last_failure(), Failure::kAway) << "it was failed over";
  EXPECT_FALSE(reading.is_alive()) << "the next connection finds the one that takes writes";
}

TEST_F(PostgresConnection, IsEndedByAStopWhileItWaits) {
  std::stop_source stop;
  Connection connection = connect({.call_timeout = Millis(60'000), .stop = stop.get_token()});
  const std::jthread stopper([&stop, this] {
    Connection other = connect();
    // Once the other session runs its statement.
    while (must(other.integer("SELECT CAST(count(*) AS bigint) FROM pg_stat_activity WHERE state = "
                              "'active' AND query LIKE '%pg_sleep(59)%' AND pid <> "
                              "pg_backend_pid()")) == 0) {
    }
    stop.request_stop();
  });
  const Result<Rows> ended = connection.query("SELECT pg_sleep(59)");
  ASSERT_FALSE(ended);
  EXPECT_TRUE(ended.error().detail.contains("stops")) << ended.error().detail;
}

TEST_F(PostgresConnection, NoticesThatTheServerEndedTheSession) {
  Connection connection = connect();
  const std::int64_t session = must(connection.integer("SELECT pg_backend_pid()"));
  Connection other = connect();
  EXPECT_TRUE(connection.is_usable());
  must(other.query("SELECT pg_terminate_backend(CAST($1 AS int), 10000)", session));
  EXPECT_FALSE(connection.is_usable());
  EXPECT_FALSE(connection.is_alive());
}

TEST_F(PostgresConnection, ReadsRowsOneByOneAndStopsAtAnError) {
  Connection connection = connect();
  Values limit;
  limit.add(std::int32_t{1000});
  std::int64_t sum = 0;
  must(
      connection.each_row("SELECT generate_series(1, $1)", limit, [&sum](const Row& row) -> Status {
        sum += row.integer(0);
        return {};
      }));
  EXPECT_EQ(sum, 500'500);
  const Status broken = connection.each_row("SELECT 1 / (5 - generate_series(1, $1))", limit,
                                            [](const Row&) -> Status { return {}; });
  ASSERT_FALSE(broken);
  EXPECT_TRUE(broken.error().detail.contains("division by zero")) << broken.error().detail;
  EXPECT_EQ(must(connection.integer("SELECT 1")), 1);
  const Status stopped =
      connection.each_row("SELECT generate_series(1, $1)", limit,
                          [](const Row&) -> Status { return fail(ErrorCode::kDamaged, "a row"); });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kDamaged);
}

TEST_F(PostgresConnection, CopiesManyRows) {
  Connection connection = connect();
  must(connection.run("CREATE TABLE t (device bigint, hour int, bytes bytea)"));
  const std::string bytes(1000, 'x');
  CopyIn copy(connection);
  must(copy.begin("COPY t (device, hour, bytes) FROM STDIN BINARY"));
  for (std::int32_t i = 0; i < 1000; ++i) must(copy.row(std::int64_t{7}, i, Bytes{bytes}));
  EXPECT_EQ(must(copy.finish()), 1000);
  EXPECT_EQ(must(connection.integer("SELECT sum(hour) FROM t WHERE length(bytes) = 1000")),
            499'500);
}

TEST_F(PostgresConnection, SaysWhyACopyFailsAndGoesOn) {
  Connection connection = connect();
  must(connection.run("CREATE TABLE t (device bigint PRIMARY KEY)"));
  {
    CopyIn twice(connection);
    must(twice.begin("COPY t FROM STDIN BINARY"));
    must(twice.row(std::int64_t{7}));
    must(twice.row(std::int64_t{7}));
    const Result<std::int64_t> refused = twice.finish();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kConflict) << refused.error().detail;
  }
  {
    CopyIn given_up(connection);
    must(given_up.begin("COPY t FROM STDIN BINARY"));
    must(given_up.row(std::int64_t{8}));
  }
  EXPECT_EQ(must(connection.integer("SELECT CAST(count(*) AS int) FROM t")), 0);
}

TEST_F(PostgresConnection, RunsManyStatementsInOneRoundTrip) {
  Connection connection = connect();
  must(connection.run("CREATE TABLE t (a bigint PRIMARY KEY)"));
  Pipeline pipeline(connection);
  for (std::int64_t i = 0; i < 2000; ++i) pipeline.add("INSERT INTO t VALUES ($1)", i);
  pipeline.add("SELECT sum(a)::bigint FROM t");
  const std::vector<Rows> all = must(pipeline.run());
  ASSERT_EQ(all.size(), 2001U);
  EXPECT_EQ(all[0].changed(), 1);
  EXPECT_EQ(all.back()[0].integer(0), 1'999'000);

  pipeline.add("INSERT INTO t VALUES ($1)", std::int64_t{5000});
  pipeline.add("INSERT INTO t VALUES ($1 + 1 - 1)", std::int64_t{7});
  pipeline.add("INSERT INTO t VALUES ($1)", std::int64_t{5001});
  const Result<std::vector<Rows>> refused = pipeline.run();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict) << refused.error().detail;
  EXPECT_EQ(connection.last_failure(), Failure::kConflict);
  EXPECT_EQ(must(connection.integer("SELECT max(a) FROM t")), 1999) << "none of them took effect";
  EXPECT_TRUE(connection.query("INSERT INTO t VALUES ($1 + 1 - 1)", std::int64_t{5002}))
      << "its preparation is known to be undone";
}

TEST_F(PostgresConnection, APipelineGivesRowsWhileTheServerSendsOthers) {
  Connection connection = connect();
  Connection other = connect();
  must(other.query("SELECT pg_advisory_lock(7)"));
  Pipeline pipeline(connection);
  pipeline.add("BEGIN");
  // The server sends 8 KB at once, so that the second row pushes the first out, and has no third
  // before the lock is free.
  pipeline.add(
      "SELECT i, repeat('x', 20000), CASE WHEN i = 3 THEN CAST(pg_advisory_xact_lock(7) AS text) "
      "END FROM generate_series(1, 3) AS i");
  std::vector<std::int64_t> seen;
  must(pipeline.run([&](const Row& row) -> Result<bool> {
    seen.push_back(row.integer(0));
    if (seen.size() == 1) must(other.query("SELECT pg_advisory_unlock(7)"));
    return true;
  }));
  EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_TRUE(connection.is_in_transaction());
}

TEST_F(PostgresConnection, APipelineWhoseRowsAreNotWantedLeavesItsConnectionInUse) {
  Connection connection = connect();
  const auto run = [&connection](std::string_view first, std::string_view last,
                                 const Result<bool>& answer) {
    Pipeline pipeline(connection);
    pipeline.add(first);
    pipeline.add(last);
    int rows = 0;
    const Status done = pipeline.run([&](const Row&) -> Result<bool> {
      ++rows;
      return answer;
    });
    EXPECT_EQ(must(connection.integer("SELECT 1")), 1);
    return std::pair(rows, done ? "" : done.error().detail);
  };
  constexpr std::string_view kMany = "SELECT generate_series(1, 1000)";
  constexpr std::string_view kBroken = "SELECT 1 / (5 - generate_series(1, 1000))";
  EXPECT_EQ(run("SELECT 1", kMany, true), std::pair(1000, std::string()));
  EXPECT_EQ(run("SELECT 1", "SELECT 1 WHERE false", true), std::pair(0, std::string()));
  EXPECT_EQ(run("SELECT 1", kMany, false), std::pair(1, std::string()));
  EXPECT_EQ(run("SELECT 1", kMany, fail(ErrorCode::kDamaged, "a row")),
            std::pair(1, std::string("a row")));
  const auto [rows, broken] = run("SELECT 1", kBroken, true);
  EXPECT_EQ(rows, 4);
  EXPECT_TRUE(broken.contains("division by zero")) << broken;
  const auto [none, refused] = run("SELECT 1 / 0", kMany, true);
  EXPECT_EQ(none, 0);
  EXPECT_TRUE(refused.contains("division by zero")) << refused;
}

TEST_F(PostgresConnection, HearsNotificationsOfOthers) {
  Connection listener = connect();
  must(listener.run("LISTEN news"));
  EXPECT_TRUE(must(listener.wait_for_notifications(Millis(0))).empty());
  Connection other = connect();
  must(other.run("NOTIFY news, '42'"));
  const std::vector<Notification> heard = must(listener.wait_for_notifications(Millis(10'000)));
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].channel, "news");
  EXPECT_EQ(heard[0].payload, "42");
}

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
