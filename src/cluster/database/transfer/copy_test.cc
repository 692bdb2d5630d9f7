// A copy between tables of SQLite and PostgreSQL, interrupted and gone on with.
#include "transfer/copy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "database/transfer/notes.h"
#include "postgres/table_connection.h"
#include "postgres/test_server.h"
#include "storage/sqlite.h"
#include "tables/side.h"
#include "tables/sqlite_connection.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::transfer {
namespace {

namespace columns {
using tables::Column;
constexpr std::array kLine{Column{.name = "key", .type = tables::ColumnType::kText},
                           Column{.name = "n", .type = tables::ColumnType::kInt},
                           Column{.name = "place"}};
}  // namespace columns
constexpr tables::Table kLine{.number = 1,
                              .name = "line",
                              .columns = columns::kLine,
                              .keys = 2,
                              .title = "lines",
                              .group = 1,
                              .carried = 1};
constexpr std::array kTables{&kLine};
constexpr tables::Schema kSchema{.name = "lines", .tables = kTables};
const Table kLines = tables::copied(kLine);

std::unique_ptr<tables::TableConnection> file(const std::filesystem::path& path) {
  return must(tables::open_sqlite_to_write(path, kSchema));
}

// Fails at one of its replacements.
class Interrupted final : public Target {
 public:
  Interrupted(Target& target, int left) : target_(target), left_(left) {}
  [[nodiscard]] std::vector<Table> tables() const override { return target_.tables(); }
  [[nodiscard]] Status each_row(const Table& table, const Span& span,
                                const OnRow& on_row) override {
    return target_.each_row(table, span, on_row);
  }
  [[nodiscard]] Status replace(const Table& table, const Span& span, const std::vector<Row>& rows,
                               const Row& place) override {
    if (left_-- == 0) return fail(ErrorCode::kIo, "interrupted");
    return target_.replace(table, span, rows, place);
  }
  [[nodiscard]] Result<Row> place(const Table& table) override { return target_.place(table); }
  [[nodiscard]] Status replace_all(const std::vector<std::vector<Row>>& rows) override {
    return target_.replace_all(rows);
  }

 private:
  Target& target_;
  int left_;
};

class Copying : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
    database_.emplace();
    connection_.emplace(database_->connect());
    must(postgres::make_tables(*connection_, {.tables = kSchema}));
    must(make_notes(*connection_));
    postgres_ = std::make_unique<tables::Side>(
        std::make_unique<postgres::PostgresTableConnection>(*connection_), kSchema);
    lines_ = file(folder_.path() / "a.db");
    sqlite_ = std::make_unique<tables::Side>(*lines_, kSchema);
  }
  void put(std::string_view key, std::int64_t count) {
    std::vector<tables::Row> rows;
    for (std::int64_t n = 1; n <= count; ++n) rows.push_back({key, n, n * 10});
    auto transaction = must(tables::Transaction::begin(*lines_));
    must(lines_->insert_all(kLine, rows));
    must(transaction.commit());
  }
  static std::uint64_t rows_of(Source& of) {
    std::uint64_t rows = 0;
    must(of.each_row(kLines, {}, [&](const Row&) -> Result<bool> {
      ++rows;
      return true;
    }));
    return rows;
  }

  TemporaryFolder folder_;
  std::optional<postgres::TestDatabase> database_;
  std::optional<postgres::Connection> connection_;
  std::unique_ptr<tables::Side> postgres_;
  std::unique_ptr<tables::TableConnection> lines_;
  std::unique_ptr<tables::Side> sqlite_;
};

TEST_F(Copying, KeysAscendByTheirBytesOnBothSides) {
  for (const std::string_view key : {"a_b", "aB", "ab", "z", "\xc3\xa4", "Z", ""}) put(key, 2);
  const auto keys_of = [](Source& of) {
    std::vector<std::string> keys;
    must(of.each_row(kLines, {}, [&](const Row& row) -> Result<bool> {
      keys.push_back(bytes_in(row, 0));
      return true;
    }));
    return keys;
  };
  const auto compared = must(copy(*sqlite_, *postgres_, {}));
  EXPECT_EQ(compared.at(0).from, compared.at(0).to);
  EXPECT_EQ(compared.at(0).from.rows, 14);
  EXPECT_EQ(keys_of(*sqlite_), keys_of(*postgres_));
}

TEST_F(Copying, GoesOnWhereItWasInterrupted) {
  for (int i = 0; i < 4; ++i) put(fmt::format("key {}", i), 15'000);
  Interrupted interrupted(*postgres_, 1);
  ASSERT_FALSE(copy(*sqlite_, interrupted, {.from = Options::From::kPlace}));
  // Rows with the same first column are written together.
  const std::uint64_t first = rows_of(*postgres_);
  EXPECT_EQ(first, 30'000);
  std::uint64_t read = 0;
  const auto left = copy(*sqlite_, *postgres_,
                         {.from = Options::From::kPlace,
                          .on_span = [&](const Table&, std::uint64_t rows, std::uint64_t bytes) {
                            read += rows;
                            EXPECT_GT(bytes, rows);
                            return Status();
                          }});
  EXPECT_EQ(must(left).at(0).written, 30'000);
  EXPECT_EQ(read, 30'000);
  const auto all = must(compare(*sqlite_, *postgres_));
  EXPECT_EQ(all.at(0).from, all.at(0).to);
  EXPECT_EQ(all.at(0).from.rows, 60'000);
}

TEST_F(Copying, ReplacesWhatDiffersAndRemovesWhatIsGone) {
  put("a", 20'000);
  put("b", 20'000);
  must(copy(*sqlite_, *postgres_, {}));
  static_cast<void>(
      must(lines_->remove_some(kLine, "key = 'b' AND n > 5", {}, tables::TableConnection::kAll)));
  const auto changed = must(copy(*sqlite_, *postgres_, {})).at(0);
  EXPECT_EQ(changed.from, changed.to);
  EXPECT_EQ(changed.written, 5);
  EXPECT_EQ(rows_of(*postgres_), 20'005);
  // A carried column is no difference.
  must(connection_->run("UPDATE line SET place = 0"));
  EXPECT_EQ(must(copy(*sqlite_, *postgres_, {})).at(0).written, 0);
}

TEST_F(Copying, WorksFromPostgresToAFileTooWhichForgetsThePlacesAtItsEnd) {
  put("a", 20'000);
  put("b", 20'000);
  must(copy(*sqlite_, *postgres_, {}));
  const auto lines = file(folder_.path() / "b.db");
  tables::Side back(*lines, kSchema);
  Interrupted interrupted(back, 1);
  ASSERT_FALSE(copy(*postgres_, interrupted, {.from = Options::From::kPlace}));
  EXPECT_EQ(must(back.place(kLines)), (Row{"a", std::int64_t{20'000}}));
  must(copy(*postgres_, back, {.from = Options::From::kPlace}));
  const auto all = must(compare(*sqlite_, back));
  EXPECT_EQ(all.at(0).from, all.at(0).to);
  must(back.end());
  EXPECT_EQ(must(lines->integer("SELECT count(*) FROM sqlite_schema WHERE name = 'migration'")), 0);
}

// The table is this file's alone: whatever is done with tables is done with it.
TEST_F(Copying, ATableOfItsOwnIsBackedUpCheckedRestoredAndMoved) {
  put("a", 100);
  const std::filesystem::path backup = folder_.path() / "backup.db";
  must(must(storage::Database::open(folder_.path() / "a.db")).copy_to(backup, {}));
  {
    auto copy = must(storage::Database::open(backup));
    EXPECT_EQ(must(tables::check_rows(copy, kTables)).rows, 100);
    must(copy.run("UPDATE line SET place = 7 WHERE key = 'a' AND n = 5"));
    EXPECT_EQ(must(tables::check_rows(copy, kTables)).damages,
              std::vector<std::string>{"table line, key a, n 5: its checksum is wrong"});
    EXPECT_EQ(must(tables::remove_damaged_rows(copy, kTables)).size(), 1);
  }
  const auto restored = must(tables::open_sqlite_to_read(backup, kSchema));
  tables::Side from(*restored, kSchema);
  EXPECT_EQ(must(copy(from, *postgres_, {})).at(0).written, 99);
  const auto moved = file(folder_.path() / "moved.db");
  tables::Side to(*moved, kSchema);
  const auto compared = must(copy(*postgres_, to, {})).at(0);
  EXPECT_EQ(compared.from, compared.to);
  EXPECT_EQ(must(compare(from, to)).at(0).to.rows, 99);
}

TEST_F(Copying, ADatabaseWithAPartOfTheDataIsNotForAServer) {
  must(check_no_migration(*connection_));
  must(set_note(*connection_, kSourceNote, "0123"));
  EXPECT_EQ(must(note(*connection_, kSourceNote)), "0123");
  const Status refused = check_no_migration(*connection_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  must(remove_notes(*connection_));
  must(check_no_migration(*connection_));
}

TEST(RowsAsBytes, AreReadAgainAndNothingElseIs) {
  const Row row{std::int64_t{-1}, std::string("a\0b", 3), std::string()};
  const std::string bytes = encoded(row, row.size());
  EXPECT_EQ(decoded(bytes), row);
  EXPECT_EQ(encoded(row, 1), bytes.substr(0, 9));
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_NE(decoded(bytes.substr(0, size)), row) << size;
  }
}

}  // namespace
}  // namespace gridloom::transfer
