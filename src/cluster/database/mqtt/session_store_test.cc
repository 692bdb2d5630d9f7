// Faults of the database: nothing that was taken is lost or stored twice.
#include "database/mqtt/session_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "hub/clients/session_changes.h"
#include "mqtt/test_expected_sessions.h"
#include "mqtt/test_session_changes.h"
#include "postgres/connection.h"
#include "postgres/settings.h"
#include "postgres/test_server.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::mqtt {
namespace {

using postgres::Connection;
using postgres::ConnectionSettings;
using postgres::TestDatabase;
using postgres::TestServer;

std::string text_of(const SessionStore::Loaded& loaded) {
  std::string text;
  for (const StoredSession& session : loaded.sessions) {
    text += fmt::format("session {} {}:", session.number, session.client_id);
    for (const auto& [stage, packet_id, entry] : session.messages) {
      text += fmt::format(" {}/{}/{}/{}", entry.number, static_cast<int>(stage), packet_id,
                          entry.message ? std::string_view(entry.message->payload) : "-");
    }
    text += '\n';
  }
  std::vector<std::string> retained;
  retained.reserve(loaded.retained.size());
  for (const hub::RetainedChange& change : loaded.retained) {
    retained.push_back(
        fmt::format("retained {} {}\n", change.topic, std::string_view(change.message->payload)));
  }
  std::ranges::sort(retained);
  for (const std::string& line : retained) text += line;
  for (const StoredStream& stream : loaded.streams) {
    text += fmt::format("stream {} receipts {}\n", stream.number, stream.receipts.size());
  }
  return text;
}

class PostgresSessions : public testing::Test {
 protected:
  void SetUp() override {
    if (TestServer::programs().empty()) GTEST_SKIP() << TestServer::kMissing;
    database_.emplace();
  }

  void open() { open(database_->settings()); }
  void open(const ConnectionSettings& settings) {
    store_ = must(open_in_postgres(settings, folder_.path()));
    store_->on_applied([this](const journal::Positions& applied) {
      const std::lock_guard lock(mutex_);
      told_ = applied.least();
      changed_.notify_all();
    });
    static_cast<void>(must(store_->load()));
  }
  // A record of random changes, which the stream's receipts count.
  void take_one() {
    std::string bytes = changes_.record();
    if (record_ == 0) {
      hub::append_change(bytes, hub::StreamBegun{.stream = 1, .user = "a", .client_id = "a"});
    }
    ++record_;
    hub::append_change(
        bytes, hub::PublicationTaken{
                   .stream = 1, .receipt = {.packet_id = static_cast<std::uint16_t>(record_)}});
    take(bytes);
  }
  void take(const std::string& bytes) {
    expected_.apply(bytes);
    expected_.set_record(record_);
    store_->take(record_, bytes);
  }
  // Tries until all is stored, for a minute.
  void flush() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    store_->flush();
    while (store_->applied().least() != record_ && std::chrono::steady_clock::now() < end) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, Millis(100), [this] { return told_ == record_; });
      }
      store_->flush();
    }
    EXPECT_EQ(store_->applied().least(), record_);
  }
  void expect_stored() {
    store_.reset();
    open();
    EXPECT_EQ(store_->applied().least(), record_);
    EXPECT_EQ(store_->loss(true), "");
    store_.reset();
    EXPECT_EQ(text_of(must(must(open_in_postgres(database_->settings(), folder_.path()))->load())),
              text_of(expected_.loaded()));
  }
  [[nodiscard]] std::int64_t integer(std::string_view sql) const {
    return must(database_->connect().integer(sql));
  }
  void run(const std::string& script) const { must(database_->connect().run(script)); }

  std::optional<TestDatabase> database_;
  TemporaryFolder folder_;
  RandomChanges changes_{7};
  ExpectedSessions expected_;
  std::uint64_t record_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t told_ = 0;
  std::unique_ptr<SessionStore> store_;
};

// Each attempt to commit kills its own session, until the trigger is away.
constexpr const char* kDieInCommit =
    "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';"
    "CREATE CONSTRAINT TRIGGER die AFTER UPDATE ON session_state "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()";

TEST_F(PostgresSessions, AreStoredAgainWhenTheirCommitWasCutOffBeforeItWasMade) {
  open();
  for (int round = 0; round < 5; ++round) {
    take_one();
    flush();
    const std::uint64_t stored = record_;
    run(kDieInCommit);
    for (int i = 0; i < 3; ++i) {
      take_one();
      store_->flush();
      EXPECT_EQ(store_->applied().least(), stored);
      EXPECT_TRUE(store_->health().failing.contains("not known")) << store_->health().failing;
      EXPECT_GT(store_->health().waiting, 0);
    }
    run("DROP TRIGGER die ON session_state; DROP FUNCTION die");
    flush();
    EXPECT_EQ(store_->health().failing, "");
    EXPECT_EQ(store_->health().waiting, 0);
  }
  expect_stored();
}

TEST_F(PostgresSessions, AreStoredOnceWhenTheirCommitWasMadeAndNotAnswered) {
  const auto set_standby = [this](const char* name) {
    run(fmt::format("ALTER SYSTEM SET synchronous_standby_names = '{}'", name));
    run("SELECT pg_reload_conf()");
  };
  open();
  take_one();
  flush();
  // A commit waits for a standby that never comes, after it was made here.
  set_standby("nobody");
  bool was_cut_off = false;
  while (!was_cut_off) {
    take_one();
    std::atomic<bool> is_done = false;
    const std::jthread flushing([&] {
      store_->flush();
      is_done = true;
    });
    Connection killer = database_->connect();
    while (!is_done && !was_cut_off) {
      was_cut_off = !must(killer.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                       "WHERE wait_event = 'SyncRep'"))
                         .empty();
    }
  }
  EXPECT_LT(store_->applied().least(), record_);
  EXPECT_EQ(integer("SELECT record FROM session_state"), static_cast<std::int64_t>(record_));
  set_standby("");
  flush();
  take_one();
  flush();
  expect_stored();
}

TEST_F(PostgresSessions, SurviveKilledServerProcesses) {
  open();
  for (int round = 0; round < 6; ++round) {
    take_one();
    flush();
    const std::int64_t session = integer(
        "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE "
        "'COMMIT%' AND backend_type = 'client backend' ORDER BY state_change DESC LIMIT 1");
    take_one();
    const std::jthread flushing([&] { store_->flush(); });
    // With SIGKILL, the whole server starts again.
    ::kill(static_cast<pid_t>(session), round % 2 == 0 ? SIGKILL : SIGTERM);
    take_one();
    flush();
  }
  expect_stored();
}

TEST_F(PostgresSessions, AreWrittenAgainIfAStandbyThatTookOverLacksThem) {
  constexpr const char* kTables[] = {"session_state", "session_client", "session_message",
                                     "session_retained", "session_stream"};
  open();
  for (int i = 0; i < 20; ++i) take_one();
  flush();
  for (const char* table : kTables) run(fmt::format("CREATE TABLE old_{0} AS TABLE {0}", table));
  for (int batch = 0; batch < 3; ++batch) {
    for (int i = 0; i < 5; ++i) take_one();
    flush();
  }
  for (const char* table : kTables) {
    run(fmt::format("TRUNCATE {0}; INSERT INTO {0} SELECT * FROM old_{0}", table));
  }
  take_one();
  flush();
  expect_stored();
}

TEST_F(PostgresSessions, AreNotMixedWithThoseOfAnotherServer) {
  open();
  take_one();
  flush();
  run("UPDATE session_state SET batch = batch + 3");
  take_one();
  store_->flush();
  EXPECT_EQ(store_->applied().least(), record_ - 1);
  EXPECT_EQ(integer("SELECT record FROM session_state"), static_cast<std::int64_t>(record_ - 1));
  run("UPDATE session_state SET batch = batch - 3");
  flush();
  expect_stored();
}

TEST_F(PostgresSessions, TellOfALossAtTheStartOfAnOlderDatabase) {
  open();
  take_one();
  flush();
  run("CREATE TABLE old AS TABLE session_state");
  take_one();
  flush();
  store_.reset();
  run("DELETE FROM session_state; INSERT INTO session_state SELECT * FROM old");
  store_ = must(open_in_postgres(database_->settings(), folder_.path()));
  EXPECT_TRUE(store_->loss(true).contains(
      "stored up to record 2 of the log, and the database has them as they were at record 1"))
      << store_->loss(true);
  static_cast<void>(must(store_->load()));
  EXPECT_GT(store_->keeper().new_number(), 1'000'000) << "none of the old numbers comes again";
}

TEST_F(PostgresSessions, AreALossWhereAServerHasRunWithoutThisDatabase) {
  open();
  EXPECT_TRUE(store_->loss(true).starts_with("the database had no MQTT sessions"));
  EXPECT_EQ(store_->loss(false), "") << "a first start";
}

// The log has what a server that was killed early did not store.
TEST_F(PostgresSessions, AreNoLossWhereAServerWasKilledBeforeItStoredAny) {
  open();
  store_.reset();
  open();
  EXPECT_EQ(store_->loss(true), "");
}

// How many statements the server has run since a mark was made.
class StatementLog {
 public:
  explicit StatementLog(const ConnectionSettings& settings)
      : marker_(must(Connection::open(settings, {}))) {
    mark();
  }
  std::size_t count_since_mark() {
    const std::size_t from = marked_;
    mark();
    const std::string log = TestServer::get().log();
    std::size_t count = 0;
    for (const std::string_view line : {"LOG:  statement: ", "LOG:  execute "}) {
      for (auto at = log.find(line, from); at < marked_; at = log.find(line, at + 1)) ++count;
    }
    return count - 1;  // the mark itself
  }

 private:
  // The log is written by another process.
  void mark() {
    const std::string mark = fmt::format("mark {}", ++marks_);
    must(marker_.run(fmt::format("SELECT '{}'", mark)));
    std::size_t at = std::string::npos;
    while (at == std::string::npos) at = TestServer::get().log().find(mark, marked_);
    marked_ = at;
  }

  Connection marker_;
  std::size_t marked_ = 0;
  int marks_ = 0;
};

TEST_F(PostgresSessions, AreStoredByAsManyStatementsHoweverManyMessagesThereAre) {
  const auto settings = must(ConnectionSettings::parse(
      {.url = TestServer::get().url() +
              "&options=-clog_statement%3Dall%20-clog_parameter_max_length%3D0",
       .schema = database_->settings().schema()}));
  open(settings);
  StatementLog log(settings);
  std::int64_t number = 100;
  // A session begins; messages are queued, sent and done, and topics have retained messages.
  const auto take_batch = [&](int messages) {
    const std::int64_t session = ++number;
    std::string bytes = change_of({.number = session, .user = "anna", .client_id = "c"});
    const std::string packet = wire::mqtt::packet_of({.topic = "t", .payload = "p"}, {});
    for (int i = 0; i < messages; ++i) {
      hub::append_change(
          bytes, hub::MessageKept{.session = session, .message = ++number, .packet = packet});
      hub::append_change(bytes,
                         hub::RetainedKept{.topic = fmt::format("t/{}", i), .packet = packet});
    }
    ++record_;
    take(bytes);
    flush();
    bytes.clear();
    for (std::int64_t message = session + 1; message <= number; ++message) {
      hub::append_change(bytes, hub::MessageNumbered{.session = session, .message = message});
    }
    ++record_;
    take(bytes);
    flush();
    return log.count_since_mark();
  };
  static_cast<void>(take_batch(1));  // what a first transaction alone has
  const std::size_t of_few = take_batch(1);
  EXPECT_GT(of_few, 8);
  EXPECT_EQ(take_batch(2000), of_few);
  expect_stored();
}

TEST_F(PostgresSessions, MayHaveAnyBytesAndAnyLength) {
  open();
  const std::string odd("a\0b\xff\xfe'\"\\", 8);
  std::string bytes = change_of({.number = 1, .user = odd, .client_id = odd});
  const std::string topic(20'000, 't');
  hub::append_change(bytes, hub::RetainedKept{.topic = topic,
                                              .packet = wire::mqtt::packet_of(
                                                  {.topic = "t", .payload = "kept"}, {})});
  const std::string large(3'000'000, 'x');
  for (const std::int64_t message : {11, 12, 13, 14}) {
    hub::append_change(bytes, hub::MessageKept{.session = 1,
                                               .message = message,
                                               .packet = wire::mqtt::packet_of(
                                                   {.topic = "t", .payload = large}, {})});
  }
  ++record_;
  take(bytes);
  flush();
  expect_stored();
}

TEST_F(PostgresSessions, DoNotKeepMessagesWithoutARecipient) {
  open();
  std::string bytes;
  const std::string packet = wire::mqtt::packet_of({.topic = "t", .payload = "p"}, {});
  hub::append_change(bytes, hub::MessageKept{.session = 5, .message = 6, .packet = packet});
  ++record_;
  take(bytes);
  flush();
  EXPECT_EQ(integer("SELECT count(*) FROM session_message"), 0);
}

TEST_F(PostgresSessions, AreNotOpenedInADatabaseThatIsAwayOrOfALaterVersion) {
  const auto nowhere = must(ConnectionSettings::parse(
      {.url = fmt::format("postgres://x@/x?host={}", folder_.path().string())}));
  const auto away = open_in_postgres(nowhere, folder_.path());
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, ErrorCode::kIo) << away.error().detail;
  open();
  store_.reset();
  run("UPDATE schema_version SET version = 97, usable_from = 97 WHERE part = 'sessions'");
  const auto later = open_in_postgres(database_->settings(), folder_.path());
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, ErrorCode::kConflict) << later.error().detail;
}

}  // namespace
}  // namespace gridloom::mqtt
