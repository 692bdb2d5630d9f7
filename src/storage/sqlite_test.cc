// Tests versioned database files: created, upgraded, opened unchanged, and refused.
#include "storage/sqlite.h"

#include <gtest/gtest.h>

#include "testing/temporary_folder.h"

namespace gridloom::storage {
namespace {

class SchemaTest : public testing::Test {
 protected:
  SchemaTest() { std::filesystem::create_directory(folder_.data()); }

  [[nodiscard]] Result<Database> open(const Schema& schema) const {
    return open_database(folder_.data() / "a.db", schema);
  }
  // The version of a file, and the number of rows of its table; -1 if there is no table.
  static std::pair<std::int64_t, std::int64_t> state_of(Result<Database> database) {
    EXPECT_TRUE(database) << database.error().detail;
    if (!database) return {-1, -1};
    return {database->integer("PRAGMA user_version").value_or(-1),
            database->integer("SELECT count(*) FROM t").value_or(-1)};
  }
  static constexpr std::string_view kTables = "CREATE TABLE t (x INTEGER) STRICT;";
  static Status add_row(Database& database) { return database.run("INSERT INTO t VALUES (1)"); }
  static Status refuse(Database& database, std::int64_t /*from*/) {
    if (Status done = add_row(database); !done) return done;
    return fail(ErrorCode::kIo, "no room");
  }
  using State = std::pair<std::int64_t, std::int64_t>;

  TemporaryFolder folder_;
};

TEST_F(SchemaTest, ANewFileHasItsTablesAndFirstRows) {
  EXPECT_EQ(state_of(open({.version = 3, .tables = kTables, .first_rows = add_row})), State(3, 1));
  EXPECT_EQ(state_of(open({.version = 3, .tables = kTables, .first_rows = add_row})), State(3, 1));
}

TEST_F(SchemaTest, AnEarlierVersionIsUpgradedOnce) {
  EXPECT_EQ(state_of(open({.version = 1, .tables = kTables})), State(1, 0));
  std::int64_t upgraded_from = 0;
  const auto upgrade = [&](Database& database, std::int64_t from) {
    upgraded_from = from;
    return add_row(database);
  };
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(state_of(open({.version = 2, .tables = kTables, .upgrade = upgrade})), State(2, 1));
  }
  EXPECT_EQ(upgraded_from, 1);
}

TEST_F(SchemaTest, AnUpgradeThatFailsChangesNothing) {
  EXPECT_EQ(state_of(open({.version = 1, .tables = kTables})), State(1, 0));
  EXPECT_FALSE(open({.version = 2, .tables = kTables, .upgrade = refuse}));
  EXPECT_EQ(state_of(open({.version = 1, .tables = kTables})), State(1, 0));
}

// Other code upgrades the file after it is opened, so the version must stay unchanged here.
TEST_F(SchemaTest, WithoutAnUpgradeAnEarlierVersionIsOpenedAsItIs) {
  EXPECT_EQ(state_of(open({.version = 1, .tables = kTables})), State(1, 0));
  EXPECT_EQ(state_of(open({.version = 2, .tables = kTables})), State(1, 0));
}

TEST_F(SchemaTest, ALaterVersionIsRefused) {
  EXPECT_EQ(state_of(open({.version = 3, .tables = kTables})), State(3, 0));
  EXPECT_FALSE(open({.version = 2, .tables = kTables}));
}

}  // namespace
}  // namespace gridloom::storage
