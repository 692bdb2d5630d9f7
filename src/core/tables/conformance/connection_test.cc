// The contract of TableConnection (tables/connection.h), which every kind of database must fulfil.
#include "tables/connection.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tables/conformance/test_databases.h"
#include "testing/must.h"

namespace gridloom::tables {
namespace {

using namespace std::string_view_literals;
using library::kBook;
using library::kBorrower;
using library::kLabel;
using library::kShelf;
using testing::ElementsAre;
using testing::IsEmpty;
using Access = TableConnection::Access;
using Lines = std::vector<std::string>;

class Tables : public testing::TestWithParam<DatabaseKind> {
 protected:
  // Two shelves, the first with two books; Ann (1) has the second.
  void SetUp() override {
    if (!GetParam().missing().empty()) GTEST_SKIP() << GetParam().missing();
    database_ = GetParam().make();
    connection_ = connect();
    commit([this] {
      must(connection_->insert_all(kShelf, std::vector<Row>{{1, "novels"}, {2, "maps"}}));
      must(connection_->insert(kBorrower, {1, 30}));
      must(connection_->insert(kBook, {1, 1, "Emma", Bytes{"e"}, 0, 0}));
      must(connection_->insert(kBook, {1, 2, "Middlemarch", Bytes{""}, 1, 1}));
    });
  }
  std::shared_ptr<TableConnection> connect(const Schema& schema = library::kSchema) {
    return must(database_->connect(schema));
  }
  void commit(const std::function<void()>& work) {
    auto transaction = must(Transaction::begin(*connection_));
    work();
    must(transaction.commit());
  }
  // Each row as "1|2|text".
  static Lines rows(TableConnection& connection, const Table& table, std::string_view rest = {},
                    const Parameters& parameters = {}) {
    Lines lines;
    const std::string ordered =
        rest.empty() ? fmt::format("ORDER BY {}", connection.order_of(table)) : std::string(rest);
    must(connection.read(table, ordered, parameters, [&](const RowView& row) -> Result<bool> {
      std::string line;
      for (const Value& value : row_of(table, row)) {
        const auto* const number = std::get_if<std::int64_t>(&value);
        line += '|';
        line += number == nullptr ? std::string(bytes_of(value)) : std::to_string(*number);
      }
      lines.push_back(line.substr(1));
      return true;
    }));
    return lines;
  }
  Lines books() { return rows(*connection_, kBook); }
  Lines shelves() { return rows(*connection_, kShelf); }
  void expect_whole() { must(connection_->check(library::kAll)); }

  std::unique_ptr<TestDatabaseOfTables> database_;
  std::shared_ptr<TableConnection> connection_;
};

INSTANTIATE_TEST_SUITE_P(Databases, Tables, testing::ValuesIn(database_kinds()),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST_P(Tables, HaveTheRowsThatWereInserted) {
  EXPECT_THAT(books(), ElementsAre("1|1|Emma|e|0|0", "1|2|Middlemarch||1|1"));
  EXPECT_EQ(rows(*connect(), kBook), books()) << "for another connection";
  EXPECT_EQ(must(connection_->integer("SELECT count(*) FROM book WHERE is_lent")), 1);
  EXPECT_EQ(
      must(connection_->integer("SELECT place FROM book WHERE shelf = $1 AND place > $2", {1, 1})),
      2);
  EXPECT_EQ(connection_->integer("SELECT id FROM shelf WHERE name = $1", {"none"}).error().code,
            ErrorCode::kNotFound);
  expect_whole();
}

TEST_P(Tables, KeepEachValueAsItIs) {
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  const std::string bytes("\0\xff\x80 '\n", 6);
  commit([&] {
    must(connection_->insert_all(kLabel, std::vector<Row>{{Bytes{bytes}, kLeast}, {""sv, kMost}}));
    must(connection_->insert(kBook, {2, 1, Bytes{bytes}, Bytes{bytes}, 0, 0}));
    must(connection_->insert(kShelf, {-7, "Öl"}));
  });
  EXPECT_THAT(rows(*connection_, kLabel),
              ElementsAre(fmt::format("|{}", kMost), fmt::format("{}|{}", bytes, kLeast)));
  EXPECT_EQ(books().back(), "2|1|" + bytes + "|" + bytes + "|0|0");
  EXPECT_EQ(shelves().front(), "-7|Öl");
  expect_whole();
}

TEST_P(Tables, ReplaceRowsWithTheSameKeys) {
  const std::string longest(100'000, 'x');
  commit([&] {
    must(connection_->put_all(kBook, std::vector<Row>{{1, 2, "Silas", Bytes{"s"}, 0, 0},
                                                      {1, 3, "Romola", Bytes{"r"}, 0, 0}}));
    for (const std::int64_t weight : {1, 2}) {
      must(connection_->put(kLabel, {Bytes{longest}, weight}));
    }
  });
  EXPECT_THAT(books(), ElementsAre("1|1|Emma|e|0|0", "1|2|Silas|s|0|0", "1|3|Romola|r|0|0"));
  EXPECT_THAT(rows(*connection_, kLabel), ElementsAre(longest + "|2"));
  commit([&] { must(connection_->remove(kLabel, {"text"}, {Bytes{longest}})); });
  EXPECT_THAT(rows(*connection_, kLabel), IsEmpty());
  expect_whole();
}

TEST_P(Tables, SetColumnsOfRowsThatExist) {
  commit([this] {
    constexpr std::array kSet{"is_lent"sv, "borrower"sv};
    must(connection_->update_all(kBook, kSet,
                                 std::vector<Row>{{1, 1, 1, 1}, {0, 0, 1, 2}, {1, 1, 9, 9}}));
    must(connection_->update(kBook, {"cover"}, {Bytes{"new"}, 1, 2}));
  });
  EXPECT_THAT(books(), ElementsAre("1|1|Emma|e|1|1", "1|2|Middlemarch|new|0|0"));
  expect_whole();
}

TEST_P(Tables, RemoveRowsByTheirColumns) {
  commit([this] {
    must(connection_->remove(kBook, {"is_lent"}, {1}));
    must(connection_->remove(kShelf, {"name"}, {"maps"}));
    must(connection_->remove(kShelf, {"name"}, {"none"}));
  });
  EXPECT_THAT(books(), ElementsAre("1|1|Emma|e|0|0"));
  EXPECT_THAT(shelves(), ElementsAre("1|novels"));
  expect_whole();
}

TEST_P(Tables, RemoveTheFirstRowsOfACondition) {
  commit([this] {
    for (std::int64_t place = 10; place < 20; ++place) {
      must(connection_->insert(kBook, {2, place, "map", Bytes{""}, 0, 0}));
    }
  });
  const auto remove = [this](std::int64_t most) {
    return must(connection_->remove_some(kBook, "shelf = $1 AND place <> $2", {2, 11}, most));
  };
  EXPECT_EQ(remove(3), 3);
  EXPECT_THAT(rows(*connection_, kBook, "WHERE shelf = 2 ORDER BY place LIMIT 2"),
              ElementsAre("2|11|map||0|0", "2|14|map||0|0"));
  EXPECT_EQ(remove(TableConnection::kAll), 6);
  EXPECT_EQ(remove(TableConnection::kAll), 0);
  EXPECT_EQ(books().size(), 3U);
  expect_whole();
}

TEST_P(Tables, TakeRowsAlongOrKeepWhatIsReferredTo) {
  {
    const auto transaction = must(Transaction::begin(*connection_));
    const Status kept =
        connection_->atomically([this] { return connection_->remove(kBorrower, {"id"}, {1}); });
    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().code, ErrorCode::kConflict) << kept.error().detail;
  }
  commit([this] { must(connection_->remove(kShelf, {"id"}, {1})); });
  EXPECT_THAT(books(), IsEmpty());
  expect_whole();
}

TEST_P(Tables, RefuseWhatContradictsThemAndKeepTheChangesBeforeIt) {
  const std::vector<std::function<Status()>> contradictions = {
      [this] { return connection_->insert(kShelf, {1, "again"}); },
      [this] { return connection_->insert(kShelf, {3, "maps"}); },
      [this] { return connection_->insert(kBook, {7, 1, "of no shelf", Bytes{""}, 0, 0}); },
      [this] { return connection_->insert(kBorrower, {2, 200}); },
      [this] { return connection_->put(kBook, {1, 1, "lent to nobody", Bytes{""}, 1, 9}); },
      [this] { return connection_->update(kShelf, {"name"}, {"maps", 1}); },
      [this]() -> Status {
        GL_TRY(connection_->remove(kBook, {"shelf"}, {1}));
        return connection_->insert(kShelf, {1, "again"});
      },
  };
  commit([&] {
    must(connection_->insert(kShelf, {4, "new"}));
    for (std::size_t i = 0; i < contradictions.size(); ++i) {
      const Status refused = connection_->atomically(contradictions[i]);
      ASSERT_FALSE(refused) << i;
      EXPECT_EQ(refused.error().code, ErrorCode::kConflict) << i << refused.error().detail;
    }
    must(connection_->atomically([this] { return connection_->insert(kShelf, {5, "newer"}); }));
  });
  EXPECT_THAT(shelves(), ElementsAre("1|novels", "2|maps", "4|new", "5|newer"));
  EXPECT_EQ(books().size(), 2U);
  expect_whole();
}

TEST_P(Tables, TakeBackATransactionThatWasNotCommitted) {
  {
    const auto transaction = must(Transaction::begin(*connection_));
    must(connection_->lock("library"));
    must(connection_->insert(kShelf, {3, "gone"}));
    EXPECT_EQ(shelves().size(), 3U) << "within it";
  }
  EXPECT_EQ(shelves().size(), 2U);
  expect_whole();
}

TEST_P(Tables, ShowOneMomentToAReader) {
  const auto reader = connect();
  const auto reading = must(Transaction::begin(*reader, Access::kReading));
  EXPECT_EQ(rows(*reader, kShelf).size(), 2U);
  commit([this] { must(connection_->insert(kShelf, {3, "new"})); });
  EXPECT_EQ(rows(*reader, kShelf).size(), 2U);
  EXPECT_EQ(shelves().size(), 3U);
}

TEST_P(Tables, TakeManyRowsAtOnceInOrder) {
  constexpr std::int64_t kMany = 3000;
  commit([this] {
    std::vector<Row> many;
    for (std::int64_t place = kMany; place > 0; --place) {
      many.push_back({2, place, "map", Bytes{"cover"}, place % 2, place % 2});
    }
    must(connection_->insert_all(kBook, many));
  });
  EXPECT_EQ(books().size(), kMany + 2);
  EXPECT_EQ(books().back(), "2|3000|map|cover|0|0");
  std::size_t read = 0;
  must(connection_->read(kBook, "ORDER BY shelf, place", {},
                         [&](const RowView&) -> Result<bool> { return ++read < 100; }));
  EXPECT_EQ(read, 100U);
  EXPECT_EQ(must(connection_->integer("SELECT CAST(sum(borrower) AS bigint) FROM book")),
            kMany / 2 + 1)
      << "after rows that were not read";
  const Status failed = connection_->read(
      kBook, "", {}, [](const RowView&) -> Result<bool> { return fail(ErrorCode::kIo, "no"); });
  EXPECT_EQ(failed.error().detail, "no");
  EXPECT_EQ(shelves().size(), 2U) << "after an error of the caller";
  expect_whole();
}

TEST_P(Tables, GrowByColumnsAndTables) {
  connection_.reset();
  connection_ = connect(library::kNextSchema);
  EXPECT_THAT(rows(*connection_, library::kNextShelf), ElementsAre("1|novels|0|", "2|maps|0|"));
  must(connection_->check(library::kNextAll));
  commit([this] {
    must(connection_->insert(library::kRoom, {1, 1}));
    must(connection_->update(library::kNextShelf, {"floor"}, {2, 1}));
    must(connection_->insert(library::kNextShelf, {3, "new", 1, "green"}));
    must(connection_->update(library::kNextShelf, {"floor", "colour"}, {0, "", 3}));
    must(connection_->put(library::kNextShelf, {2, "maps", 0, "red"}));
  });
  EXPECT_THAT(rows(*connection_, library::kNextShelf),
              ElementsAre("1|novels|2|", "2|maps|0|red", "3|new|0|"));
  EXPECT_EQ(books().size(), 2U);
  connection_.reset();
  connection_ = connect(library::kNextSchema);
  must(connection_->check(library::kNextAll));
  EXPECT_THAT(rows(*connection_, library::kRoom), ElementsAre("1|1"));
}

}  // namespace
}  // namespace gridloom::tables
