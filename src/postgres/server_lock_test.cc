#include "postgres/server_lock.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "postgres/test_server.h"
#include "testing/must.h"

namespace gridloom::postgres {
namespace {

class PostgresServerLock : public testing::Test {
 protected:
  void SetUp() override {
    if (TestServer::programs().empty()) GTEST_SKIP() << TestServer::kMissing;
    database_.emplace();
  }
  [[nodiscard]] Result<ServerLock> take(std::string holder) const {
    return ServerLock::take({.settings = database_->settings(), .holder = std::move(holder)});
  }
  // Ends the session that has the lock, and whoever else is there.
  void end_sessions() const {
    must(database_->connect().query(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"));
  }

 private:
  std::optional<TestDatabase> database_;
};

TEST_F(PostgresServerLock, RefusesASecondServerAndNamesTheFirst) {
  std::optional<ServerLock> first = must(take("process 1 on host1"));
  must(first->keep());
  const Result<ServerLock> second = take("process 2 on host2");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(second.error().detail.contains("used by process 1 on host1 (since 2"))
      << second.error().detail;
  const TestDatabase other;
  EXPECT_TRUE(ServerLock::take({.settings = other.settings(), .holder = "of another schema"}));
  first.reset();
  EXPECT_TRUE(take("process 2 on host2"));
}

TEST_F(PostgresServerLock, IsTakenAgainAfterItsConnectionWasLost) {
  ServerLock lock = must(take("process 1 on host1"));
  end_sessions();
  must(lock.keep());
  EXPECT_FALSE(take("process 2 on host2"));
}

TEST_F(PostgresServerLock, IsLostToTheServerThatWasFaster) {
  ServerLock first = must(take("process 1 on host1"));
  end_sessions();
  const ServerLock second = must(take("process 2 on host2"));
  const Status lost = first.keep();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(lost.error().detail.contains("process 2 on host2")) << lost.error().detail;
}

}  // namespace
}  // namespace gridloom::postgres
