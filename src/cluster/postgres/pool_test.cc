#include "postgres/pool.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "postgres/test_server.h"
#include "testing/must.h"

namespace gridloom::postgres {
namespace {

class PostgresPool : public testing::Test {
 protected:
  void SetUp() override {
    if (TestServer::programs().empty()) GTEST_SKIP() << TestServer::kMissing;
    database_.emplace();
  }
  [[nodiscard]] Pool::Options options() const {
    return {.job = "tests", .most = 2, .acquire_timeout = Millis(20), .clock = clock_};
  }
  [[nodiscard]] ConnectionSettings settings() const { return database_->settings(); }
  static std::int64_t session_of(Connection& connection) {
    return must(connection.integer("SELECT pg_backend_pid()"));
  }

 private:
  SystemClock clock_;
  std::optional<TestDatabase> database_;
};

TEST_F(PostgresPool, UsesAConnectionAgain) {
  Pool pool(settings(), options());
  std::int64_t first = 0;
  {
    Pool::Lease lease = must(pool.acquire());
    first = session_of(*lease);
    EXPECT_EQ(pool.health().in_use, 1U);
  }
  EXPECT_EQ(pool.health().in_use, 0U);
  EXPECT_EQ(pool.health().open, 1U);
  Pool::Lease again = must(pool.acquire());
  EXPECT_EQ(session_of(*again), first);
}

TEST_F(PostgresPool, HasNoMoreThanItMay) {
  Pool pool(settings(), options());
  const Pool::Lease one = must(pool.acquire());
  std::optional<Pool::Lease> two = must(pool.acquire());
  const Result<Pool::Lease> refused = pool.acquire();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kIo);
  EXPECT_TRUE(refused.error().detail.contains("all 2 connections of tests"))
      << refused.error().detail;
  two.reset();
  EXPECT_TRUE(pool.acquire());
}

TEST_F(PostgresPool, ClosesAConnectionThatIsLeftInATransaction) {
  Pool pool(settings(), options());
  must((*must(pool.acquire())).run("BEGIN"));
  EXPECT_EQ(pool.health().open, 0U);
}

TEST_F(PostgresPool, MakesAnotherConnectionForOneThatTheServerEnded) {
  Pool pool(settings(), options());
  std::int64_t first = 0;
  {
    Pool::Lease ended = must(pool.acquire());
    Pool::Lease other = must(pool.acquire());
    first = session_of(*ended);
    must(other->query("SELECT pg_terminate_backend(CAST($1 AS int), 10000)", first));
  }
  Pool::Lease one = must(pool.acquire());
  Pool::Lease two = must(pool.acquire());
  EXPECT_NE(session_of(*one), first);
  EXPECT_NE(session_of(*two), first);
}

TEST_F(PostgresPool, KnowsSinceWhenTheDatabaseIsAwayAndTriesInPauses) {
  std::optional<TestServer> server(std::in_place);
  Pool pool(must(ConnectionSettings::parse({.url = server->url()})), options());
  must(pool.acquire());
  EXPECT_FALSE(pool.health().away_since);
  server.reset();
  const Result<Pool::Lease> away = pool.acquire();
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, ErrorCode::kIo);
  const Pool::Health health = pool.health();
  ASSERT_TRUE(health.away_since);
  EXPECT_EQ(health.last_error, away.error().detail);
  EXPECT_EQ(health.open, 0U);
  const Result<Pool::Lease> soon = pool.acquire();
  ASSERT_FALSE(soon);
  EXPECT_EQ(soon.error().detail, away.error().detail);
  EXPECT_EQ(pool.health().away_since, health.away_since);
}

TEST_F(PostgresPool, TriesAsOftenAsItIsTold) {
  Pool::Options eager = options();
  eager.pauses = {.shortest = Millis(0), .longest = Millis(0)};
  std::string url = TestServer::get().url();
  url.replace(url.find("/postgres?"), std::string_view("/postgres?").size(), "/later?");
  Pool pool(must(ConnectionSettings::parse({.url = url})), eager);
  EXPECT_FALSE(pool.acquire());
  must(must(Connection::open(settings(), {})).run("CREATE DATABASE later"));
  EXPECT_TRUE(pool.acquire());
  EXPECT_FALSE(pool.health().away_since);
}

TEST_F(PostgresPool, LearnsFromAnotherOneThatTheDatabaseIsAwayAndBack) {
  Pool::Options shared = options();
  shared.absence = std::make_shared<Absence>(
      GrowingPause::Options{.shortest = Millis(600'000), .longest = Millis(600'000)});
  Pool away(must(ConnectionSettings::parse({.url = "postgres://nobody@/none?host=/nowhere"})),
            shared);
  Pool pool(settings(), shared);
  const Result<Pool::Lease> tried = away.acquire();
  ASSERT_FALSE(tried);
  const Result<Pool::Lease> told = pool.acquire();
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().detail, tried.error().detail);
  shared.absence->end();
  EXPECT_TRUE(pool.acquire());
}

TEST_F(PostgresPool, EndsCallsThatAreUnderWayWhenItStops) {
  Pool::Options long_calls = options();
  long_calls.connection.call_timeout = Millis(60'000);
  Pool pool(settings(), long_calls);
  Pool::Lease lease = must(pool.acquire());
  std::jthread stopper([&pool] { pool.stop(); });
  const Result<Rows> ended = lease->query("SELECT pg_sleep(59)");
  ASSERT_FALSE(ended);
  EXPECT_TRUE(ended.error().detail.contains("stops")) << ended.error().detail;
  stopper.join();
  EXPECT_FALSE(pool.acquire());
}

}  // namespace
}  // namespace gridloom::postgres
