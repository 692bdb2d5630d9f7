// A damaged sessions.db costs what waited in it, and neither the start nor the file.
#include "mqtt/session_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "hub/test_home.h"
#include "registry/sqlite.h"
#include "registry/test_folder.h"

namespace gridloom::mqtt {
namespace {

using hub::must;
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
  // Of the table's, which is a page of its own.
  void damage_page_of(const std::string& table) {
    std::int64_t page = 0;
    std::int64_t size = 0;
    {
      auto database = must(registry::Database::open(file()));
      must(database.run("PRAGMA wal_checkpoint(truncate)"));
      page =
          must(database.integer("SELECT rootpage FROM sqlite_schema WHERE name = '" + table + "'"));
      size = must(database.integer("PRAGMA page_size"));
    }
    std::fstream bytes(file(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp((page - 1) * size);
    bytes.write(std::string(static_cast<std::size_t>(size), '\xAA').data(), size);
  }
  void expect_set_aside() {
    const std::string damaged = registry::content_of(file());
    const auto store = must(SessionStore::open(data()));
    EXPECT_TRUE(must(store->load()).sessions.empty());
    EXPECT_TRUE(store->loss(false).contains("damaged-sessions.db-1")) << store->loss(false);
    EXPECT_EQ(registry::content_of(data() / "damaged-sessions.db-1"), damaged);
    EXPECT_GT(store->keeper().new_number(), 1'000'000) << "none of the old numbers comes again";
    keep_session(*store, 7);
  }
  void expect_good() {
    const auto store = must(SessionStore::open(data()));
    EXPECT_EQ(must(store->load()).sessions.size(), 1);
    EXPECT_EQ(store->loss(true), "");
  }

  hub::QuickFolder folder;
};

TEST_F(DamagedSessionsTest, AGoodFileStays) { expect_good(); }

TEST_F(DamagedSessionsTest, APageThatIsReadWhenTheSessionsAreLoaded) {
  for (const char* table : {"session", "retained"}) {
    damage_page_of(table);
    expect_set_aside();
    expect_good();
    fs::remove(data() / "damaged-sessions.db-1");
  }
}

TEST_F(DamagedSessionsTest, APageThatIsReadWhenTheFileIsOpened) {
  damage_page_of("last");
  expect_set_aside();
  expect_good();
}

TEST_F(DamagedSessionsTest, APageThatIsOnlyWritten) {
  damage_page_of("sqlite_autoindex_retained_1");
  expect_set_aside();
  expect_good();
}

TEST_F(DamagedSessionsTest, AMissingOrEmptyFileIsALossWhereAServerHasRun) {
  for (const bool is_empty : {false, true}) {
    for (const char* name : {"sessions.db", "sessions.db-wal", "sessions.db-shm"}) {
      fs::remove(data() / name);
    }
    if (is_empty) registry::write_content(file(), "");
    const auto store = must(SessionStore::open(data()));
    EXPECT_TRUE(store->loss(true).starts_with("sessions.db was missing or empty")) << is_empty;
    EXPECT_EQ(store->loss(false), "") << "a first start";
  }
}

TEST_F(DamagedSessionsTest, AFileThatIsNoDatabase) {
  registry::write_content(file(), std::string(5000, 'r'));
  expect_set_aside();
  expect_good();
}

TEST_F(DamagedSessionsTest, OneOfALaterVersionIsRefusedAndStays) {
  {
    auto database = must(registry::Database::open(file()));
    must(database.run("PRAGMA user_version = 97"));
  }
  const auto refused = SessionStore::open(data());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, FaultKind::kMalformed);
  EXPECT_TRUE(fs::exists(file()));
  EXPECT_FALSE(fs::exists(data() / "damaged-sessions.db-1"));
}

}  // namespace
}  // namespace gridloom::mqtt
