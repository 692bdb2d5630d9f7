#include "database/registry/changes.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "database/registry/store.h"
#include "postgres/test_server.h"
#include "registry/test_registry.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::registry {
namespace {

// Counts calls, and lets a test wait for one.
class Calls {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  [[nodiscard]] int count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  [[nodiscard]] bool wait_until(const std::function<bool()>& is_so) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), is_so);
  }
  // The number of calls is `count` or more.
  [[nodiscard]] bool reach(int count) {
    return wait_until([this, count] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

class ChangesInPostgres : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
    database_.emplace();
    settings_.emplace(database_->settings());
    mine_ = std::move(open().registry);
  }
  // It has one data folder, as a command and a server are.
  [[nodiscard]] PostgresRegistry open() {
    return must(
        open_in_postgres({.settings = *settings_, .data_folder = folder_.data(), .clock = clock_}));
  }
  // Ends every session that waits for notifications.
  void cut_listeners() {
    postgres::Connection connection = database_->connect();
    must(
        connection.query("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE "
                         "query LIKE 'LISTEN%'"));
  }
  [[nodiscard]] bool knows(std::string_view account) const {
    return mine_->directory()->find_account_by_name(account) != nullptr;
  }

  std::optional<postgres::TestDatabase> database_;
  std::optional<postgres::ConnectionSettings> settings_;
  TemporaryFolder folder_;
  SystemClock clock_;
  std::unique_ptr<Registry> mine_;
};

TEST_F(ChangesInPostgres, OfAnotherProcessAreSeenWithoutAChangeOfOnesOwn) {
  Calls calls;
  mine_->on_change([&calls] { calls.add(); });
  const PostgresRegistry other = open();
  must(other.registry->add_account({.name = "anna"}));
  EXPECT_TRUE(calls.wait_until([this] { return knows("anna"); }));
  must(mine_->add_account({.name = "bert"}));
  must(other.registry->add_account({.name = "cleo"}));
  EXPECT_TRUE(calls.wait_until([this] { return knows("cleo"); }));
  EXPECT_EQ(describe(*mine_->directory()), describe(*other.registry->directory()));
  mine_.reset();
}

TEST_F(ChangesInPostgres, ThatWereMadeWhileNobodyListenedAreSeenOnceItListensAgain) {
  Calls calls;
  mine_->on_change([&calls] { calls.add(); });
  const PostgresRegistry other = open();
  for (const std::string_view name : {"anna", "bert", "cleo"}) {
    cut_listeners();
    must(other.registry->add_account({.name = name}));
    EXPECT_TRUE(calls.wait_until([this, name] { return knows(name); })) << name;
  }
  mine_.reset();
}

TEST_F(ChangesInPostgres, AreComparedFromTimeToTimeWithoutANotification) {
  Calls calls;
  auto never_seen = std::make_shared<const std::atomic<std::int64_t>>(1'000'000);
  PostgresChanges changes(
      {.settings = *settings_, .seen_change = never_seen, .check_every = Millis(1)});
  changes.start([&calls]() -> Status {
    calls.add();
    return {};
  });
  EXPECT_TRUE(calls.reach(5));
}

TEST_F(ChangesInPostgres, AreAskedForAgainIfThatFailed) {
  Calls calls;
  auto seen = std::make_shared<const std::atomic<std::int64_t>>(1'000'000);
  PostgresChanges changes({.settings = *settings_, .seen_change = seen});
  changes.start([&calls]() -> Status {
    calls.add();
    if (calls.count() < 3) return fail(ErrorCode::kIo, "the database is away");
    return {};
  });
  EXPECT_TRUE(calls.reach(3));
}

TEST_F(ChangesInPostgres, ThatAreKnownAreNotAskedForAgain) {
  Calls calls;
  auto seen = std::make_shared<std::atomic<std::int64_t>>(5);
  PostgresChanges changes({.settings = *settings_, .seen_change = seen});
  changes.start([&calls]() -> Status {
    calls.add();
    return {};
  });
  ASSERT_TRUE(calls.reach(1)) << "at its start";
  postgres::Connection other = database_->connect();
  const std::string channel = channel_of(other.schema());
  // They come in order: the last is the only one that is news.
  for (const char* number : {"4", "5", "6"}) {
    must(other.run("NOTIFY " + channel + ", '" + number + "'"));
  }
  EXPECT_TRUE(calls.reach(2));
  seen->store(6);
  must(other.run("NOTIFY " + channel + ", '6'"));
  must(other.run("NOTIFY " + channel + ", '7'"));
  EXPECT_TRUE(calls.reach(3));
  EXPECT_EQ(calls.count(), 3);
}

}  // namespace
}  // namespace gridloom::registry
