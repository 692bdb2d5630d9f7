// Tests that an incomplete index is found although nobody reads the missing rows.
#include "history/store/background_check.h"

#include <gtest/gtest.h>

#include <future>
#include <string>

#include "history/sqlite/sqlite_store_factory.h"
#include "storage/files.h"
#include "storage/sqlite.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

class BackgroundCheckTest : public testing::Test {
 protected:
  BackgroundCheckTest() {
    must(storage::make_data_folder(folder_.data()));
    const auto store = must(sqlite_store_factory(folder_.data())->open()).store;
    Changes changes;
    for (std::int64_t hour = 300; hour < 310; ++hour) {
      changes.energies.push_back({.of = {.device = 7, .hour = hour}, .bytes = "energies"});
    }
    must(store->write(changes));
  }
  [[nodiscard]] std::filesystem::path file() const { return folder_.data() / "history.db"; }
  // Changes the hour in the last byte of the first index entry.
  void damage_index() {
    std::int64_t page = 0;
    std::int64_t size = 0;
    {
      auto database = must(storage::Database::open(file()));
      must(database.run("PRAGMA wal_checkpoint(truncate)"));
      page = must(database.integer(
          "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_energy_hour_1'"));
      size = must(database.integer("PRAGMA page_size"));
    }
    std::string bytes = content_of(file());
    char& last = bytes.at(static_cast<std::size_t>(page * size - 1));
    last = static_cast<char>(last ^ 4);
    write_content(file(), bytes);
  }

  TemporaryFolder folder_;
};

TEST_F(BackgroundCheckTest, TellsOfAnIndexThatKnowsOtherRows) {
  damage_index();
  std::promise<std::string> told;
  const BackgroundCheck check(sqlite_store_factory(folder_.data()),
                              [&told](std::string why) { told.set_value(std::move(why)); });
  const std::string why = told.get_future().get();
  EXPECT_TRUE(why.starts_with("history.db is damaged, and stored data may be missing")) << why;
  EXPECT_TRUE(why.contains("sqlite_autoindex_energy_hour_1")) << why;
}

TEST_F(BackgroundCheckTest, ReadsAGoodFileToItsEndAndSaysNothing) {
  auto database = must(storage::Database::open_to_read(file(), storage::Database::Writers::kMaybe));
  EXPECT_TRUE(must(database.integrity()).empty());
  const auto stores = sqlite_store_factory(folder_.data());
  EXPECT_EQ(must(stores->verify({})), "");
  const BackgroundCheck check(stores, [](const std::string& why) { ADD_FAILURE() << why; });
}

TEST_F(BackgroundCheckTest, EndsWhenItIsAskedTo) {
  auto database = must(storage::Database::open(file()));
  must(
      database.run("CREATE TABLE long (x); CREATE INDEX by_x ON long (x); "
                   "INSERT INTO long WITH RECURSIVE n (i) AS "
                   "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT i FROM n"));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(database.integrity(stop.get_token()));
  EXPECT_TRUE(must(database.integrity()).empty()) << "the next one is whole";
}

}  // namespace
}  // namespace gridloom::history
