// For tests: kinds of databases with described tables, and tables to put into them. A program that
// has another kind compiles the suites of this folder, and says in database_kinds() which kinds
// they are for.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tables/connection.h"
#include "tables/schema.h"
#include "tables/sqlite_connection.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::tables {

// A library: shelves with books, and borrowers, who cannot go while they have a book.
namespace library {
using enum ColumnType;
inline constexpr std::array kShelfColumns{Column{.name = "id"},
                                          Column{.name = "name", .type = kText, .is_unique = true}};
inline constexpr std::array kBorrowerColumns{Column{.name = "id"},
                                             Column{.name = "age", .type = kSmall}};
inline constexpr std::array kBookColumns{Column{.name = "shelf", .refers_to = "shelf"},
                                         Column{.name = "place", .type = kInt},
                                         Column{.name = "title", .type = kAnyText},
                                         Column{.name = "cover", .type = kBytes},
                                         Column{.name = "is_lent", .type = kFlag},
                                         Column{.name = "borrower",
                                                .type = kNumberOrNone,
                                                .refers_to = "borrower",
                                                .referred = Referred::kStays}};
inline constexpr std::array kLabelColumns{Column{.name = "text", .type = kAnyText},
                                          Column{.name = "weight"}};
inline constexpr std::array kBookIndexes{Index{"lent_book", "borrower", "is_lent"}};
inline constexpr Table kShelf{
    .number = 1, .name = "shelf", .columns = kShelfColumns, .is_counted = true};
inline constexpr Table kBorrower{
    .number = 2, .name = "borrower", .columns = kBorrowerColumns, .check = "age < 200"};
inline constexpr Table kBook{.number = 3,
                             .name = "book",
                             .columns = kBookColumns,
                             .keys = 2,
                             .indexes = kBookIndexes,
                             .is_counted = true};
inline constexpr Table kLabel{
    .number = 4, .name = "label", .columns = kLabelColumns, .has_long_key = true};
inline constexpr std::array kAll{&kShelf, &kBorrower, &kBook, &kLabel};
inline constexpr Schema kSchema{.name = "library", .tables = kAll};

// The next format of the same: a column more, and a table.
inline constexpr std::int64_t kNextFormat = kFirstFormat + 1;
inline constexpr std::array kNextShelfColumns{
    Column{.name = "id"}, Column{.name = "name", .type = kText, .is_unique = true},
    Column{.name = "floor", .since = kNextFormat},
    Column{.name = "colour", .type = kText, .since = kNextFormat}};
inline constexpr Table kNextShelf{
    .number = 1, .name = "shelf", .columns = kNextShelfColumns, .is_counted = true};
inline constexpr std::array kRoomColumns{Column{.name = "id"},
                                         Column{.name = "is_open", .type = kFlag}};
inline constexpr Table kRoom{
    .number = 5, .name = "room", .columns = kRoomColumns, .is_counted = true, .since = kNextFormat};
inline constexpr std::array kNextAll{&kNextShelf, &kBorrower, &kBook, &kLabel, &kRoom};
inline constexpr Schema kNextSchema{.name = "library", .tables = kNextAll, .format = kNextFormat};
}  // namespace library

// A database to which any number of connections are made.
class TestDatabaseOfTables {
 public:
  TestDatabaseOfTables() = default;
  TestDatabaseOfTables(const TestDatabaseOfTables&) = delete;
  TestDatabaseOfTables& operator=(const TestDatabaseOfTables&) = delete;
  virtual ~TestDatabaseOfTables() = default;
  // Makes what is missing of the tables.
  virtual Result<std::shared_ptr<TableConnection>> connect(const Schema& schema) = 0;
};

class TablesInSqlite final : public TestDatabaseOfTables {
 public:
  Result<std::shared_ptr<TableConnection>> connect(const Schema& schema) override {
    const auto file = folder_.path() / "library.db";
    if (!std::filesystem::exists(file)) write_content(file, "");
    auto connection = std::make_shared<SqliteTableConnection>(must(storage::Database::open(file)));
    GL_TRY(make_tables(*connection, schema));
    GL_TRY(keep_sums(*connection, schema));
    return connection;
  }

 private:
  TemporaryFolder folder_;
};

struct DatabaseKind {
  std::string_view name;
  std::unique_ptr<TestDatabaseOfTables> (*make)();
  // The reason why it cannot be made here; empty: it can.
  std::string_view (*missing)() = [] -> std::string_view { return {}; };
};
inline void PrintTo(const DatabaseKind& kind, std::ostream* out) { *out << kind.name; }

// Each program of tests defines it, in table_kinds_test.cc.
[[nodiscard]] std::vector<DatabaseKind> database_kinds();

}  // namespace gridloom::tables
