// A damaged sessions.db costs what waited in it, but neither the start nor the damaged file.
#include "mqtt/session_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hub/clients/session_changes.h"
#include "mqtt/session_rows.h"
#include "storage/sqlite.h"
#include "storage/summed_file.h"
#include "tables/sqlite_connection.h"
#include "testing/failing_reads.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"
#include "wire/mqtt/message.h"

namespace gridloom::mqtt {
namespace {

namespace fs = std::filesystem;

class DamagedSessionsTest : public testing::Test {
 protected:
  DamagedSessionsTest() {
    fs::create_directory(folder.path() / "d");
    const auto store = must(SessionStore::open(data()));
    static_cast<void>(must(store->load()));
    keep_session(*store, store->keeper().new_number());
  }
  static void keep_session(SessionStore& store, std::int64_t number) {
    store.put(change_of({.number = number, .user = "anna", .client_id = "c"}));
    store.flush();
  }
  [[nodiscard]] fs::path data() const { return folder.path() / "d"; }
  [[nodiscard]] fs::path file() const { return data() / "sessions.db"; }
  // The number of the root page of a table or an index, from 1, and the page size.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> page_of(const std::string& name) const {
    auto database = must(storage::Database::open(file()));
    must(database.run("PRAGMA wal_checkpoint(truncate)"));
    return {
        must(database.integer("SELECT rootpage FROM sqlite_schema WHERE name = '" + name + "'")),
        must(database.integer("PRAGMA page_size"))};
  }
  // Overwrites the table's root page.
  void damage_page_of(const std::string& table) {
    const auto [page, size] = page_of(table);
    std::fstream bytes(file(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp((page - 1) * size);
    bytes.write(std::string(static_cast<std::size_t>(size), '\xAA').data(), size);
  }
  void expect_set_aside() {
    const std::string damaged = content_of(file());
    const auto store = must(SessionStore::open(data()));
    EXPECT_TRUE(must(store->load()).sessions.empty());
    EXPECT_TRUE(store->loss(false).contains("damaged-sessions.db-1")) << store->loss(false);
    EXPECT_EQ(content_of(data() / "damaged-sessions.db-1"), damaged);
    EXPECT_GT(store->keeper().new_number(), 1'000'000) << "none of the old numbers comes again";
    keep_session(*store, 7);
  }
  void expect_good() {
    const auto store = must(SessionStore::open(data()));
    EXPECT_EQ(must(store->load()).sessions.size(), 1);
    EXPECT_EQ(store->loss(true), "");
  }

  TemporaryFolder folder;
};

TEST_F(DamagedSessionsTest, AGoodFileStays) { expect_good(); }

TEST_F(DamagedSessionsTest, APageThatIsReadWhenTheSessionsAreLoaded) {
  for (const char* table : {"session_client", "session_retained"}) {
    damage_page_of(table);
    expect_set_aside();
    expect_good();
    fs::remove(data() / "damaged-sessions.db-1");
  }
}

TEST_F(DamagedSessionsTest, APageThatIsReadWhenTheFileIsOpened) {
  damage_page_of("session_state");
  expect_set_aside();
  expect_good();
}

TEST_F(DamagedSessionsTest, APageThatIsOnlyWritten) {
  damage_page_of("sqlite_autoindex_session_retained_1");
  expect_set_aside();
  expect_good();
}

TEST_F(DamagedSessionsTest, AMissingOrEmptyFileIsALossWhereAServerHasRun) {
  for (const bool is_empty : {false, true}) {
    for (const char* name : {"sessions.db", "sessions.db-wal", "sessions.db-shm"}) {
      fs::remove(data() / name);
    }
    if (is_empty) write_content(file(), "");
    const auto store = must(SessionStore::open(data()));
    EXPECT_TRUE(store->loss(true).starts_with("sessions.db was missing or empty")) << is_empty;
    EXPECT_EQ(store->loss(false), "") << "a first start";
  }
}

// Two sessions, the second with two messages; two retained messages and two streams.
class DamagedRowsTest : public DamagedSessionsTest {
 protected:
  DamagedRowsTest() {
    const auto store = must(SessionStore::open(data()));
    static_cast<void>(must(store->load()));
    keep_session(*store, 2);
    const wire::mqtt::Message message{.topic = "/device/A/quota", .payload = "{}"};
    const std::string packet =
        wire::mqtt::packet_of(message, {.qos = wire::mqtt::Qos::kAtLeastOnce});
    std::string changes;
    for (const std::int64_t number : {11, 12}) {
      hub::append_change(changes, hub::MessageKept{.session = 2,
                                                   .message = number,
                                                   .flags = {.qos = wire::mqtt::Qos::kAtLeastOnce},
                                                   .packet = packet});
      hub::append_change(changes,
                         hub::StreamBegun{.stream = number, .user = "A", .client_id = "A"});
    }
    for (const char* topic : {"/device/A/quota", "/device/A/status"}) {
      hub::append_change(changes, hub::RetainedKept{.topic = topic, .device = 1, .packet = packet});
    }
    store->put(changes);
    store->flush();
    // This change updates an existing row.
    changes.clear();
    hub::append_change(changes, hub::MessageNumbered{.session = 2, .message = 12, .packet_id = 3});
    store->put(changes);
    store->flush();
  }
  [[nodiscard]] static std::string counts(const SessionStore::Loaded& loaded) {
    std::size_t messages = 0;
    for (const StoredSession& session : loaded.sessions) messages += session.messages.size();
    return fmt::format("{} {} {} {}", loaded.sessions.size(), messages, loaded.retained.size(),
                       loaded.streams.size());
  }
};

TEST_F(DamagedRowsTest, ADamagedRowCostsItselfAlone) {
  struct Damage {
    std::string sql;
    std::string place;
    std::string left;  // sessions, messages, retained messages, streams
  };
  const std::vector<Damage> damages{
      {"UPDATE session_client SET user_name = 'anta' WHERE number = 1",
       "table session_client, number 1", "1 2 2 2"},
      {"UPDATE session_client SET signed_in_as = 2 WHERE number = 2",
       "table session_client, number 2", "1 0 2 2"},
      {"UPDATE session_client SET number = 3 WHERE number = 2", "table session_client, number 3",
       "1 0 2 2"},
      {"UPDATE session_client SET generation = 9 WHERE number = 2",
       "table session_client, number 2", "1 0 2 2"},
      {"UPDATE session_message SET packet = CAST(replace(packet, '{}', '[]') AS BLOB) WHERE number "
       "= 11",
       "table session_message, session 2, number 11", "2 1 2 2"},
      {"UPDATE session_message SET session = 1 WHERE number = 12",
       "table session_message, session 1, number 12", "2 1 2 2"},
      {"UPDATE session_message SET stage = 2 WHERE number = 12",
       "table session_message, session 2, number 12", "2 1 2 2"},
      {"UPDATE session_message SET expires_at_ms = 1 WHERE number = 12", "number 12", "2 1 2 2"},
      {"UPDATE session_retained SET device = 2 WHERE topic = '/device/A/quota'",
       "table session_retained, topic /device/A/quota", "2 2 1 2"},
      {"UPDATE session_retained SET topic = '/device/B/quota' WHERE topic = '/device/A/quota'",
       "table session_retained, topic /device/B/quota", "2 2 1 2"},
      {"UPDATE session_stream SET client_id = 'B' WHERE number = 11",
       "table session_stream, number 11", "2 2 2 1"},
  };
  for (const Damage& damage : damages) {
    fs::copy(data(), folder.path() / "good");
    {
      auto database = must(storage::Database::open(file()));
      must(database.run(damage.sql));
      EXPECT_EQ(must(tables::check_rows(database, kSessionTables)).damages.size(), 1) << damage.sql;
    }
    for (const bool again : {false, true}) {
      const auto store = must(SessionStore::open(data()));
      EXPECT_EQ(counts(must(store->load())), damage.left) << damage.sql;
      if (again) {
        EXPECT_EQ(store->loss(true), "") << "once";
      } else {
        EXPECT_TRUE(store->loss(true).contains(damage.place)) << store->loss(true);
      }
    }
    fs::remove_all(data());
    fs::rename(folder.path() / "good", data());
  }
  const auto store = must(SessionStore::open(data()));
  EXPECT_EQ(counts(must(store->load())), "2 2 2 2");
}

TEST_F(DamagedRowsTest, WithoutTheRowsThatTheOthersBelongToTheFileIsSetAside) {
  for (const char* sql : {"UPDATE session_state SET number = 0",
                          "UPDATE session_state SET record = 8", "DELETE FROM session_state"}) {
    {
      auto database = must(storage::Database::open(file()));
      must(database.run(sql));
      const auto checked = must(tables::check_rows(database, kSessionTables));
      EXPECT_EQ(checked.damages.size(), std::string_view(sql).starts_with("DELETE") ? 0 : 1) << sql;
      must(database.run("PRAGMA wal_checkpoint(truncate)"));
    }
    expect_set_aside();
    fs::remove(data() / "damaged-sessions.db-1");
  }
}

// The first entry of the index says 9 instead of 11: the message would not be found when it is
// done.
TEST_F(DamagedRowsTest, AnIndexThatKnowsOtherRowsIsDamage) {
  const auto [page, size] = page_of("sqlite_autoindex_session_message_1");
  std::string bytes = content_of(file());
  char& last = bytes.at(static_cast<std::size_t>(page * size - 1));
  ASSERT_EQ(last, 11);
  last = 9;
  write_content(file(), bytes);
  expect_set_aside();
}

// Makes the file one of version 3, as programs until 30 November 2026 had it.
constexpr const char* kToVersion3 = R"(
CREATE TABLE session (number INTEGER PRIMARY KEY, user TEXT NOT NULL, client_id TEXT NOT NULL,
  expiry_s INTEGER NOT NULL, parked_at INTEGER NOT NULL, subscriptions BLOB NOT NULL,
  received BLOB NOT NULL, will BLOB NOT NULL, will_due INTEGER NOT NULL,
  will_expiry_s INTEGER NOT NULL, signed_in_as INTEGER NOT NULL DEFAULT 0,
  generation INTEGER NOT NULL DEFAULT 0, checksum INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE message (session INTEGER NOT NULL, sequence INTEGER NOT NULL, stage INTEGER NOT NULL,
  packet_id INTEGER NOT NULL, expires_at INTEGER NOT NULL, packet BLOB NOT NULL,
  checksum INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (session, sequence)) STRICT;
CREATE TABLE retained (topic TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, packet BLOB NOT NULL,
  device INTEGER NOT NULL DEFAULT 0, checksum INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE last (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL,
  checksum INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE stream (number INTEGER PRIMARY KEY, user TEXT NOT NULL, client_id TEXT NOT NULL,
  receipts BLOB NOT NULL, checksum INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE applied (one INTEGER PRIMARY KEY CHECK (one = 1), record INTEGER NOT NULL,
  checksum INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO session SELECT *, 0 FROM (SELECT number, user_name, client_id, expiry_s, parked_at_ms,
  subscriptions, received, will, will_due_ms, will_expiry_s, signed_in_as, generation
  FROM session_client);
INSERT INTO message SELECT session, number, stage, packet_id, expires_at_ms, packet, 0
  FROM session_message;
INSERT INTO retained SELECT topic, expires_at_ms, packet, device, 0 FROM session_retained;
INSERT INTO last SELECT 1, number, 0 FROM session_state;
INSERT INTO stream SELECT number, user_name, client_id, receipts, 0 FROM session_stream;
INSERT INTO applied SELECT 1, record, 0 FROM session_state;
UPDATE session SET checksum = row_checksum(1, number, user, client_id, expiry_s, parked_at,
  subscriptions, received, will, will_due, will_expiry_s, signed_in_as, generation);
UPDATE message SET checksum = row_checksum(2, session, sequence, stage, packet_id, expires_at,
  packet);
UPDATE retained SET checksum = row_checksum(3, topic, expires_at, packet, device);
UPDATE last SET checksum = row_checksum(4, one, number);
UPDATE stream SET checksum = row_checksum(5, number, user, client_id, receipts);
UPDATE applied SET checksum = row_checksum(6, one, record);
DROP TABLE session_client; DROP TABLE session_message; DROP TABLE session_retained;
DROP TABLE session_stream; DROP TABLE session_state;
PRAGMA user_version = 3;
)";

class EarlierSessionsTest : public DamagedRowsTest {
 protected:
  EarlierSessionsTest() { change(kToVersion3); }
  void change(const std::string& sql) {
    auto database = must(storage::Database::open(file()));
    must(database.run(sql));
    must(database.run("PRAGMA wal_checkpoint(truncate)"));
  }
};

TEST_F(EarlierSessionsTest, AreConvertedWithEverything) {
  for (const char* time : {"first", "second"}) {
    const auto store = must(SessionStore::open(data()));
    EXPECT_EQ(counts(must(store->load())), "2 2 2 2") << time;
    EXPECT_EQ(store->loss(true), "") << time;
    EXPECT_GT(store->keeper().new_number(), 12) << time;
  }
  EXPECT_TRUE(fs::exists(data() / "sessions.db.earlier"));
}

TEST_F(EarlierSessionsTest, LoseTheirDamagedRowsAlone) {
  change("UPDATE message SET packet_id = 9 WHERE sequence = 11");
  for (const bool again : {false, true}) {
    const auto store = must(SessionStore::open(data()));
    EXPECT_EQ(counts(must(store->load())), "2 1 2 2");
    EXPECT_EQ(store->loss(true).contains("table message, sequence 11"), !again)
        << store->loss(true);
  }
}

TEST_F(EarlierSessionsTest, WithoutTheirStateAreSetAside) {
  change("UPDATE applied SET record = 8");
  expect_set_aside();
}

// The files as a kill leaves them, with one flipped bit.
TEST_F(DamagedSessionsTest, ADamagedWriteAheadLogIsReported) {
  const fs::path killed = folder.path() / "killed";
  {
    const auto store = must(SessionStore::open(data()));
    static_cast<void>(must(store->load()));
    for (const std::int64_t number : {2, 3, 4}) keep_session(*store, number);
    fs::copy(data(), killed);
  }
  const std::string wal = content_of(killed / "sessions.db-wal");
  ASSERT_GT(wal.size(), 4096 * 3);
  const auto open_with = [&](const std::string& bytes) {
    const fs::path folder_now = folder.path() / "now";
    fs::remove_all(folder_now);
    fs::copy(killed, folder_now);
    write_content(folder_now / "sessions.db-wal", bytes);
    const auto store = must(SessionStore::open(folder_now));
    const auto sessions = must(store->load()).sessions.size();
    return std::pair(sessions, store->loss(true));
  };
  EXPECT_EQ(open_with(wal), std::pair(std::size_t{4}, std::string()));
  std::string flipped = wal;
  flipped[100] = static_cast<char>(flipped[100] ^ 1);
  const auto [sessions, loss] = open_with(flipped);
  EXPECT_LT(sessions, 4);
  EXPECT_TRUE(loss.starts_with("sessions.db-wal is damaged")) << loss;
  // A power loss leaves the last commit like this: changes without a log record carry no guarantee.
  EXPECT_EQ(open_with(wal.substr(0, wal.size() - 10)).second, "");
}

TEST_F(DamagedSessionsTest, ALostLastCommitIsReported) {
  const fs::path killed = folder.path() / "killed";
  {
    const auto store = must(SessionStore::open(data()));
    static_cast<void>(must(store->load()));
    for (const std::uint64_t record : {5U, 9U}) {
      store->take(record, change_of({.number = static_cast<std::int64_t>(record),
                                     .user = "anna",
                                     .client_id = "d"}));
      store->flush();
    }
    fs::copy(data(), killed);
  }
  EXPECT_EQ(must(SessionStore::open(data()))->loss(true), "");
  const fs::path wal = killed / "sessions.db-wal";
  fs::resize_file(wal, fs::file_size(wal) - 1);
  const auto store = must(SessionStore::open(killed));
  EXPECT_EQ(store->applied(), journal::Positions::everywhere(5));
  EXPECT_TRUE(
      store->loss(true).contains("up to record 9 of the log, and is now as it was at record 5"))
      << store->loss(true);
  static_cast<void>(must(store->load()));
  const storage::SeenNumber seen(killed / "sessions.seen");
  EXPECT_EQ(seen.read(), 5) << "it is told once";
  store->take(10, change_of({.number = 10, .user = "anna", .client_id = "d"}));
  store->flush();
  EXPECT_EQ(seen.read(), 10);
}

TEST_F(DamagedSessionsTest, WhatAKillLeavesInTheWriteAheadLogIsMovedIntoTheFileAtTheNextStart) {
  const fs::path killed = folder.path() / "killed";
  {
    const auto store = must(SessionStore::open(data()));
    static_cast<void>(must(store->load()));
    for (const std::int64_t number : {2, 3, 4}) keep_session(*store, number);
    fs::copy(data(), killed);
  }
  const auto store = must(SessionStore::open(killed));
  EXPECT_EQ(must(store->load()).sessions.size(), 4);
  EXPECT_EQ(fs::file_size(killed / "sessions.db-wal"), 0);
}

// A disk that fails to read says nothing about the file: it stays where it is, and nothing counts
// as lost.
TEST_F(DamagedSessionsTest, AReadThatFailsIsNoDamage) {
  {
    const auto store = must(SessionStore::open(data()));
    static_cast<void>(must(store->load()));
    for (std::int64_t number = 10; number < 70; ++number) keep_session(*store, number);
  }
  const std::size_t sessions = 61;
  const fs::path copy = folder.path() / "copy";
  for (const std::uint64_t times : {std::uint64_t{1}, FailingReads::kForEver}) {
    bool has_failed = true;
    for (std::uint64_t at = 1; has_failed; ++at) {
      fs::remove_all(copy);
      fs::copy(data(), copy);
      {
        const FailingReads reads({.at = at, .times = times});
        const auto store = SessionStore::open(copy);
        auto loaded = store ? (*store)->load() : std::unexpected(store.error());
        if (loaded) {
          EXPECT_EQ(loaded->sessions.size(), sessions) << at;
          EXPECT_EQ((*store)->loss(true), "") << at;
        } else {
          EXPECT_EQ(loaded.error().code, ErrorCode::kIo) << at << loaded.error().detail;
          EXPECT_TRUE(loaded.error().detail.contains("start again")) << loaded.error().detail;
        }
        has_failed = reads.has_failed();
      }
      ASSERT_FALSE(fs::exists(copy / "damaged-sessions.db-1")) << at;
      const auto store = must(SessionStore::open(copy));
      EXPECT_EQ(must(store->load()).sessions.size(), sessions) << at;
      EXPECT_EQ(store->loss(true), "") << at;
      ASSERT_FALSE(HasFailure()) << at;
    }
  }
}

TEST_F(DamagedSessionsTest, AFileThatIsNoDatabase) {
  write_content(file(), std::string(5000, 'r'));
  expect_set_aside();
  expect_good();
}

TEST_F(DamagedSessionsTest, AFileOfALaterVersionIsRefusedAndKept) {
  {
    auto database = must(storage::Database::open(file()));
    must(database.run("PRAGMA user_version = 97"));
  }
  const auto refused = SessionStore::open(data());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(fs::exists(file()));
  EXPECT_FALSE(fs::exists(data() / "damaged-sessions.db-1"));
}

}  // namespace
}  // namespace gridloom::mqtt
