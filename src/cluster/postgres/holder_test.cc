#include "postgres/holder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "postgres/test_server.h"
#include "testing/must.h"

namespace gridloom::postgres {
namespace {

using testing::HasSubstr;

class PostgresHolder : public testing::Test {
 protected:
  void SetUp() override {
    if (TestServer::programs().empty()) GTEST_SKIP() << TestServer::kMissing;
    database_.emplace();
  }
  std::optional<TestDatabase> database_;
};

TEST_F(PostgresHolder, OneServerHasADatabaseAndOthersAreToldWhich) {
  const auto first = must(Holder::take(database_->settings("gridloom pi:/data")));
  const auto second = Holder::take(database_->settings("gridloom nas:/data"), Millis(0));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_THAT(second.error().detail, HasSubstr("belongs to gridloom pi:/data ("));
}

TEST_F(PostgresHolder, TheNextOneHasItOnceTheFirstHasEnded) {
  must(Holder::take(database_->settings("first"))).reset();
  EXPECT_TRUE(Holder::take(database_->settings("second")));
}

TEST_F(PostgresHolder, AnotherSchemaIsAnotherDatabase) {
  const TestDatabase other;
  const auto first = must(Holder::take(database_->settings("first")));
  EXPECT_TRUE(Holder::take(other.settings("second"), Millis(0)));
}

TEST_F(PostgresHolder, ALostSessionTakesTheLockAgain) {
  const auto first = must(Holder::take(database_->settings("gridloom pi:/data")));
  Connection admin = database_->connect();
  const auto session = [&] {
    return admin.integer(
        "SELECT coalesce(max(l.pid), 0) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
        "WHERE l.locktype = 'advisory' AND a.application_name = 'gridloom pi:/data'");
  };
  const std::int64_t lost = must(session());
  ASSERT_NE(lost, 0);
  must(admin.query("SELECT pg_terminate_backend($1)", static_cast<std::int32_t>(lost)));
  const auto patience = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  std::int64_t now = lost;
  while (now == lost || now == 0) {
    now = must(session());
    ASSERT_LT(std::chrono::steady_clock::now(), patience);
  }
}

TEST_F(PostgresHolder, IsSharedAmongTheNodesOfAClusterAndWithNobodyElse) {
  constexpr auto kShared = Holder::Kind::kShared;
  auto first = must(Holder::take(database_->settings("node a"), Millis(0), kShared));
  const auto second = must(Holder::take(database_->settings("node b"), Millis(0), kShared));
  const auto alone = Holder::take(database_->settings("server"), Millis(0));
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(alone.error().detail.contains("node ")) << alone.error().detail;
}

}  // namespace
}  // namespace gridloom::postgres
