// What is particular to PostgreSQL: a connection that is lost, and a database that was set back.
// The contract of all stores is tested in mqtt/store_conformance.
#include "mqtt/postgres/session_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "hub/session_changes.h"
#include "mqtt/stored_session.h"
#include "postgres/test_server.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::mqtt {
namespace {

class SessionsInPostgres : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
    database_.emplace();
    settings_.emplace(database_->settings());
    std::filesystem::create_directory(folder_.data());
  }
  [[nodiscard]] std::unique_ptr<SessionStore> open() const {
    return must(open_sessions_in_postgres(
        {.settings = *settings_, .data_folder = folder_.data(), .clock = clock_}));
  }
  static std::string session(std::int64_t number) {
    return change_of({.number = number, .user = "anna", .client_id = "c"});
  }
  // The sessions of the database but one's own.
  void end_sessions() const {
    must(database_->connect().query(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"));
  }

  std::optional<postgres::TestDatabase> database_;
  std::optional<postgres::ConnectionSettings> settings_;
  TemporaryFolder folder_;
  SystemClock clock_;
};

TEST_F(SessionsInPostgres, AreWrittenOverANewConnectionWhenTheirOwnIsLost) {
  {
    const auto store = open();
    static_cast<void>(must(store->load()));
    store->take(1, session(1));
    store->flush();
    end_sessions();
    store->take(2, session(2));
    store->flush();
    EXPECT_EQ(store->applied(), journal::Positions::everywhere(2));
  }
  EXPECT_EQ(must(open()->load()).sessions.size(), 2U);
}

TEST_F(SessionsInPostgres, KeepWhatIsRefusedAndWriteItLater) {
  {
    const auto store = open();
    static_cast<void>(must(store->load()));
    must(database_->connect().run("ALTER TABLE mqtt_session RENAME TO away"));
    store->take(1, session(1));
    store->flush();
    EXPECT_EQ(store->applied(), journal::Positions::everywhere(0));
    must(database_->connect().run("ALTER TABLE away RENAME TO mqtt_session"));
    store->take(2, session(2));
    store->flush();
    EXPECT_EQ(store->applied(), journal::Positions::everywhere(2));
  }
  EXPECT_EQ(must(open()->load()).sessions.size(), 2U);
}

TEST_F(SessionsInPostgres, OfADatabaseThatWasSetBackAreALoss) {
  {
    const auto store = open();
    static_cast<void>(must(store->load()));
    store->take(7, session(1));
  }
  EXPECT_EQ(open()->loss(true), "");
  must(database_->connect().run("UPDATE mqtt_applied SET record = 5"));
  const auto store = open();
  EXPECT_TRUE(
      store->loss(true).contains("up to record 7 of the log, and are now as they were at "
                                 "record 5"))
      << store->loss(true);
}

}  // namespace
}  // namespace gridloom::mqtt
