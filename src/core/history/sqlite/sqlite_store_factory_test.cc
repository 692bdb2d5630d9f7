// Tests the backup and the check of history.db. sqlite_conformance_test.cc has what every storage
// does.
#include "history/sqlite/sqlite_store_factory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "storage/files.h"
#include "storage/sqlite.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Writers = StoreFactory::Writers;

class SqliteStoreFactoryTest : public testing::Test {
 protected:
  SqliteStoreFactoryTest() {
    must(storage::make_data_folder(folder_.data()));
    must(storage::make_data_folder(copy_));
  }
  void write(std::string sn) {
    Changes changes;
    changes.twins.push_back({.device = 1, .sn = std::move(sn), .text = "{}"});
    must(must(stores_->open()).store->write(changes));
  }
  static std::vector<std::string> twins(StoreFactory& stores) {
    std::vector<std::string> all;
    for (const StoredTwin& twin : must(must(stores.open()).store->twins())) all.push_back(twin.sn);
    return all;
  }

  TemporaryFolder folder_;
  std::filesystem::path copy_ = folder_.path() / "copy";
  std::shared_ptr<StoreFactory> stores_ = sqlite_store_factory(folder_.data());
};

TEST_F(SqliteStoreFactoryTest, ABackupIsAStorageOfItsOwn) {
  EXPECT_THAT(must(stores_->backup(copy_, {})), IsEmpty()) << "there is no history.db yet";
  write("A");
  EXPECT_THAT(must(stores_->backup(copy_, {})), ElementsAre("history.db"));
  write("B");
  const auto copied = sqlite_store_factory(copy_);
  EXPECT_THAT(twins(*copied), ElementsAre("A"));
  EXPECT_THAT(twins(*stores_), ElementsAre("B"));
  EXPECT_EQ(must(copied->check(Writers::kNone)).damaged, 0);
}

TEST_F(SqliteStoreFactoryTest, ABackupEndsWhenItIsAskedTo) {
  write("A");
  std::stop_source stop;
  stop.request_stop();
  const auto files = stores_->backup(copy_, stop.get_token());
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, ErrorCode::kConflict);
}

TEST_F(SqliteStoreFactoryTest, ACheckTellsOfDamagedRowsAndOfAFileThatItDoesNotKnow) {
  write("A");
  const auto run = [&](const char* sql) {
    must(must(storage::Database::open(folder_.data() / "history.db")).run(sql));
  };
  run("UPDATE twin SET sn = 'B'");
  const StoreCheck damaged = must(stores_->check(Writers::kNone));
  EXPECT_EQ(damaged.damaged, 1);
  EXPECT_EQ(damaged.damages.size(), 1);
  EXPECT_FALSE(damaged.failed);
  run("PRAGMA user_version = 99");
  const StoreCheck unknown = must(stores_->check(Writers::kNone));
  ASSERT_TRUE(unknown.failed);
  EXPECT_EQ(unknown.failed->code, ErrorCode::kConflict);
  EXPECT_THAT(unknown.structure, IsEmpty());
}

TEST_F(SqliteStoreFactoryTest, AFileThatIsNoDatabaseCannotBeChecked) {
  write_content(folder_.data() / "history.db", std::string(10'000, 'x'));
  const auto check = stores_->check(Writers::kNone);
  ASSERT_FALSE(check);
  EXPECT_EQ(check.error().code, ErrorCode::kDamaged);
}

}  // namespace
}  // namespace gridloom::history
