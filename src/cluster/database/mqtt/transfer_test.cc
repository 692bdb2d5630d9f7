// Stored sessions are copied from a file to PostgreSQL and back.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "database/mqtt/session_store.h"
#include "mqtt/sqlite/sqlite_sessions.h"
#include "mqtt/test_session_changes.h"
#include "postgres/table_connection.h"
#include "postgres/test_server.h"
#include "storage/sqlite.h"
#include "tables/side.h"
#include "tables/sqlite_connection.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"
#include "transfer/copy.h"

namespace gridloom::mqtt {
namespace {

using transfer::Compared;

constexpr std::uint64_t kRecords = 60;

void fill(const std::filesystem::path& folder) {
  const auto store = must(SessionStore::open(folder));
  static_cast<void>(must(store->load()));
  RandomChanges changes(1);
  for (std::uint64_t record = 1; record <= kRecords; ++record) {
    std::string bytes = changes.record();
    if (record == 1) {
      hub::append_change(bytes, hub::StreamBegun{.stream = 1, .user = "a", .client_id = "a\n"});
    }
    hub::append_change(bytes, hub::PublicationTaken{.stream = 1, .receipt = {.packet_id = 7}});
    store->take(record, bytes);
  }
  store->flush();
}

std::string text_of(SessionStore& store) {
  const SessionStore::Loaded loaded = must(store.load());
  std::string text = fmt::format("record {}\n", store.applied().least());
  for (const StoredSession& session : loaded.sessions) {
    text += fmt::format("session {} {} {}:", session.number, session.user, session.client_id);
    for (const auto& [stage, packet_id, entry] : session.messages) {
      text += fmt::format(" {}/{}/{}/{}", entry.number, static_cast<int>(stage), packet_id,
                          entry.message ? std::string_view(entry.message->payload) : "-");
    }
    text += '\n';
  }
  for (const hub::RetainedChange& change : loaded.retained) {
    text +=
        fmt::format("retained {} {}\n", change.topic, std::string_view(change.message->payload));
  }
  for (const StoredStream& stream : loaded.streams) {
    text +=
        fmt::format("stream {} {} {}\n", stream.number, stream.client_id, stream.receipts.size());
  }
  return text;
}

TEST(SessionTransfer, ReadsTheSameInPostgresAndInTheFileThatIsMadeOfIt) {
  if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
  const postgres::TestDatabase database;
  postgres::Connection connection = database.connect();
  const TemporaryFolder before;
  const TemporaryFolder after;
  const TemporaryFolder empty;
  fill(before.path());
  must(postgres::make_tables(connection, kPostgresSessionSchema));
  tables::Side stored(std::make_unique<postgres::PostgresTableConnection>(connection),
                      kSessionSchema);
  {
    tables::Side source(
        must(tables::open_sqlite_to_read(before.path() / kSessionsFile, kSessionSchema)),
        kSessionSchema);
    for (const Compared& each : must(transfer::copy(source, stored, {}))) {
      EXPECT_EQ(each.from, each.to) << each.table;
      EXPECT_NE(each.from.rows, 0) << each.table;
    }
  }
  {
    tables::Side target(
        must(tables::open_sqlite_to_write(after.path() / kSessionsFile, kSessionSchema)),
        kSessionSchema);
    must(transfer::copy(stored, target, {}));
    must(target.end());
  }
  const std::string expected = text_of(*must(SessionStore::open(before.path())));
  EXPECT_TRUE(expected.starts_with("record 60\nsession ")) << expected;
  EXPECT_EQ(text_of(*must(open_in_postgres(database.settings(), empty.path()))), expected);
  const auto copied = must(SessionStore::open(after.path()));
  EXPECT_EQ(copied->loss(true), "");
  EXPECT_EQ(text_of(*copied), expected);
}

TEST(SessionTransfer, RefusesADamagedFile) {
  const TemporaryFolder folder;
  fill(folder.path());
  {
    auto database = must(storage::Database::open(folder.path() / "sessions.db"));
    must(database.run("UPDATE session_client SET client_id = 'other'"));
  }
  const auto source = tables::open_sqlite_to_read(folder.path() / kSessionsFile, kSessionSchema);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, ErrorCode::kDamaged);
  EXPECT_TRUE(source.error().detail.contains("start the server once")) << source.error().detail;
}

}  // namespace
}  // namespace gridloom::mqtt
