// Tests of databases that a disk refuses to read, that are damaged, and that a kill left.
#include "storage/sqlite.h"

#include <gtest/gtest.h>

#include "storage/wal.h"
#include "testing/failing_reads.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::storage {
namespace {

// A database whose pages do not fit into SQLite's cache, with an index and free pages.
class LargeDatabaseTest : public testing::Test {
 protected:
  LargeDatabaseTest() {
    write_content(file(), "");
    Database database = must(Database::open(file()));
    must(database.run(
        "CREATE TABLE t (x INTEGER PRIMARY KEY, y TEXT); CREATE INDEX by_y ON t (y); "
        "INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "WHERE i < 600) SELECT i, printf('%.400c', 'y') || i FROM n; "
        "DELETE FROM t WHERE x > 400"));
  }
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "a.db"; }

  TemporaryFolder folder_;
};

TEST_F(LargeDatabaseTest, APageThatCannotBeReadIsNoFindingOfDamage) {
  for (const std::uint64_t times : {std::uint64_t{1}, std::uint64_t{2}, FailingReads::kForEver}) {
    bool has_failed = true;
    int refused = 0;
    for (std::uint64_t at = 1; has_failed; ++at) {
      const FailingReads reads({.at = at, .times = times});
      auto database = Database::open(file());
      if (database) must(database->run("PRAGMA cache_size = 5"));
      const auto found = database ? database->integrity() : std::unexpected(database.error());
      if (found) {
        EXPECT_EQ(*found, std::vector<std::string>()) << "read " << at << ", " << times << " times";
      } else {
        ++refused;
        EXPECT_EQ(found.error().code, ErrorCode::kIo) << found.error().detail;
      }
      has_failed = reads.has_failed();
    }
    EXPECT_GT(refused, 0);
  }
}

TEST_F(LargeDatabaseTest, DamageIsFoundAsBefore) {
  std::string bytes = content_of(file());
  bytes.replace(4096 * 20, 100, std::string(100, '\xAA'));
  write_content(file(), bytes);
  const auto found = must(Database::open(file())).integrity();
  EXPECT_TRUE(found ? !found->empty() : found.error().code == ErrorCode::kDamaged);
}

TEST_F(LargeDatabaseTest, TheWriteAheadLogIsEmptiedUnlessSomeoneReads) {
  const auto wal = [this] { return std::filesystem::file_size(file().string() + "-wal"); };
  Database database = must(Database::open(file()));
  must(database.run("INSERT INTO t (y) VALUES ('new')"));
  EXPECT_GT(wal(), 0);
  {
    Database reader = must(Database::open_to_read(file(), Database::Writers::kMaybe));
    must(reader.run("BEGIN; SELECT count(*) FROM t"));
    EXPECT_FALSE(empty_wal(database));
    EXPECT_GT(wal(), 0);
    must(database.run("INSERT INTO t (y) VALUES ('newer')"));
  }
  EXPECT_TRUE(empty_wal(database));
  EXPECT_EQ(wal(), 0);
  EXPECT_EQ(must(database.integer("SELECT count(*) FROM t")), 402);
  EXPECT_GT(must(database.integer("PRAGMA busy_timeout")), 1000) << "as it was";
}

// The files are as a kill leaves them; in the database alone is what a checkpoint synced.
TEST_F(LargeDatabaseTest, WhatAKilledProcessLeftIsDurableOnceItIsOpen) {
  Database killed = must(Database::open(file()));
  must(killed.run("INSERT INTO t (y) VALUES ('new')"));
  const std::filesystem::path left = folder_.path() / "left.db";
  for (const char* const end : {"", "-wal"}) {
    std::filesystem::copy_file(file().string() + end, left.string() + end);
  }
  const Database opened = must(Database::open(left));
  Database alone = must(Database::open_to_read(left, Database::Writers::kNone));
  EXPECT_EQ(must(alone.integer("SELECT count(*) FROM t")), 401);
}

// A statement that was used before begins anew: without its rows, its values and its lock.
class StatementTest : public LargeDatabaseTest {
 protected:
  static constexpr std::string_view kFrom = "SELECT x FROM t WHERE x > ? ORDER BY x";
  static std::int64_t first(Statement& statement) {
    EXPECT_EQ(statement.step().value_or(false), true);
    return statement.integer(0);
  }

  Database database_ = must(Database::open(file()));
};

TEST_F(StatementTest, TwoStatementsOfOneTextAreIndependent) {
  for (int time = 0; time < 2; ++time) {
    Statement outer = must(database_.prepare(kFrom));
    Statement inner = must(database_.prepare(kFrom));
    EXPECT_EQ(first(outer.bind(std::int64_t{10})), 11);
    EXPECT_EQ(first(inner.bind(std::int64_t{20})), 21);
    EXPECT_EQ(first(outer), 12);
  }
}

TEST_F(StatementTest, ALaterUseKnowsNothingOfAnEarlierOne) {
  {
    Statement half_read = must(database_.prepare(kFrom));
    EXPECT_EQ(first(half_read.bind(std::int64_t{10})), 11);
  }
  must(database_.run("INSERT INTO t (y) VALUES ('new')"));
  EXPECT_TRUE(empty_wal(database_)) << "nobody reads";
  Statement unbound = must(database_.prepare(kFrom));
  EXPECT_FALSE(must(unbound.step())) << "x > NULL is true of no row";
}

TEST_F(StatementTest, AFailureIsNotRepeated) {
  constexpr std::string_view kInsert = "INSERT INTO t VALUES (?, 'again')";
  EXPECT_EQ(database_.execute(kInsert, std::int64_t{1}).error().code, ErrorCode::kConflict);
  must(database_.execute(kInsert, std::int64_t{1000}));
}

TEST_F(StatementTest, AChangeOfTheSchemaIsSeen) {
  const auto columns = [this] {
    std::int64_t count = 0;
    must(database_.each_row("SELECT * FROM t LIMIT 1", [&count](const Statement& row) {
      count += row.is_null(2) ? 0 : 1;
      return Status();
    }));
    return count;
  };
  EXPECT_EQ(columns(), 0);
  must(database_.run("ALTER TABLE t ADD COLUMN z INTEGER DEFAULT 7"));
  EXPECT_EQ(columns(), 1);
  must(database_.run("PRAGMA cache_size = 10"));
  EXPECT_EQ(must(database_.integer("PRAGMA cache_size")), 10);
  must(database_.run("PRAGMA cache_size = 20"));
  EXPECT_EQ(must(database_.integer("PRAGMA cache_size")), 20);
}

TEST_F(StatementTest, ManyTextsAreForgotten) {
  for (int at = 0; at < 200; ++at) {
    const std::string sql = "SELECT " + std::to_string(at % 70);
    EXPECT_EQ(must(database_.integer(sql)), at % 70);
  }
}

}  // namespace
}  // namespace gridloom::storage
