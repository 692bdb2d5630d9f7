#include "postgres/migrate.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "postgres/test_server.h"
#include "testing/must.h"

namespace gridloom::postgres {
namespace {

Status fill(Connection& connection) {
  const Result<std::int64_t> done = connection.execute("INSERT INTO t VALUES (7)");
  return done ? Status() : std::unexpected(done.error());
}

constexpr std::array kSteps = {
    Migration{.version = 1, .usable_from = 1, .sql = "CREATE TABLE t (a int)", .then = &fill},
    Migration{.version = 2, .usable_from = 1, .sql = "ALTER TABLE t ADD b int"},
    Migration{.version = 3, .usable_from = 3, .sql = "ALTER TABLE t DROP a"},
};
constexpr std::span<const Migration> kAll = kSteps;

class PostgresMigrations : public testing::Test {
 protected:
  void SetUp() override {
    if (TestServer::programs().empty()) GTEST_SKIP() << TestServer::kMissing;
    database_.emplace();
  }
  [[nodiscard]] Connection connect() const { return database_->connect(); }

 private:
  std::optional<TestDatabase> database_;
};

TEST_F(PostgresMigrations, RunEachStepOnce) {
  Connection connection = connect();
  must(migrate(connection, "tests", kAll.first(1)));
  EXPECT_EQ(must(version_of(connection, "tests")), 1);
  EXPECT_EQ(must(connection.integer("SELECT a FROM t")), 7);
  must(migrate(connection, "tests", kAll));
  EXPECT_EQ(must(version_of(connection, "tests")), 3);
  must(migrate(connection, "tests", kAll));
  EXPECT_EQ(must(connection.integer("SELECT CAST(count(b) AS int) FROM t")), 0);
  EXPECT_EQ(must(version_of(connection, "others")), 0);
}

TEST_F(PostgresMigrations, CreateTheSchema) {
  Connection connection = connect();
  must(connection.run("DROP SCHEMA " + connection.schema()));
  must(migrate(connection, "tests", kAll));
  EXPECT_EQ(must(version_of(connection, "tests")), 3);
}

TEST_F(PostgresMigrations, LeaveAProgramOfBeforeAtWorkUntilWhatItNeedsIsGone) {
  Connection connection = connect();
  must(migrate(connection, "tests", kAll.first(2)));
  EXPECT_TRUE(migrate(connection, "tests", kAll.first(1)));
  EXPECT_EQ(must(version_of(connection, "tests")), 2);
  must(migrate(connection, "tests", kAll));
  const Status refused = migrate(connection, "tests", kAll.first(2));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  for (const std::string_view words : {"tests", "version 3, made by gridloom", "knows version 2"}) {
    EXPECT_TRUE(refused.error().detail.contains(words)) << refused.error().detail;
  }
}

TEST_F(PostgresMigrations, LeaveTheVersionBeforeAStepThatFails) {
  Connection connection = connect();
  std::vector<Migration> steps(kAll.begin(), kAll.end());
  steps[1].sql = "ALTER TABLE t ADD b int; ALTER TABLE nowhere ADD b int";
  const Status failed = migrate(connection, "tests", steps);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kIo);
  EXPECT_EQ(must(version_of(connection, "tests")), 1);
  EXPECT_FALSE(connection.query("SELECT b FROM t"));
  must(migrate(connection, "tests", kAll));
}

TEST_F(PostgresMigrations, RunOnceForSeveralProcessesAtATime) {
  {
    std::vector<std::jthread> all;
    all.reserve(4);
    for (int i = 0; i < 4; ++i) {
      all.emplace_back([this] {
        Connection connection = connect();
        must(migrate(connection, "tests", kAll.first(2)));
      });
    }
  }
  EXPECT_EQ(must(connect().integer("SELECT CAST(count(*) AS int) FROM t")), 1);
}

}  // namespace
}  // namespace gridloom::postgres
