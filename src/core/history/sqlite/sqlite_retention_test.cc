// Tests what retention does to history.db alone: damaged rows stay, and free disk space is
// returned.
#include "history/store/row_retention.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "history/sqlite/sqlite_store_factory.h"
#include "history/store/retention.h"
#include "storage/files.h"
#include "storage/sqlite.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

using testing::ElementsAre;

constexpr std::int64_t kFirst = 470'000;  // the hour of the first block

class SqliteRetentionTest : public testing::Test {
 protected:
  SqliteRetentionTest() {
    must(storage::make_data_folder(folder_.data()));
    stores_ = sqlite_store_factory(folder_.data());
    store_ = must(stores_->open()).store;
  }
  void put(DeviceNumber device, std::int64_t hour, std::string bytes) {
    Changes changes;
    changes.hours.push_back(
        {.of = {.device = device, .hour = hour}, .chunks = {std::move(bytes)}, .over = true});
    must(store_->write(changes));
  }
  std::size_t chunks(DeviceNumber device) {
    std::size_t count = 0;
    must(store_->each_chunk(device, 0, 2 * kFirst, [&](std::int64_t, std::string_view) {
      ++count;
      return Status();
    }));
    return count;
  }

  TemporaryFolder folder_;
  std::shared_ptr<StoreFactory> stores_;
  std::unique_ptr<Store> store_;
};

TEST_F(SqliteRetentionTest, TheDiskGetsItsRoomBack) {
  std::mt19937_64 dice(1);
  for (DeviceNumber device = 1; device <= 2; ++device) {
    for (std::int64_t hour = 0; hour < 200; ++hour) {
      std::string noise(20'000, '\0');
      for (char& c : noise) c = static_cast<char>(dice());
      put(device, kFirst + hour, noise);
    }
  }
  const auto size = [&] {
    storage::Database database = must(storage::Database::open(folder_.data() / "history.db"));
    must(database.run("PRAGMA wal_checkpoint(truncate)"));
    return std::filesystem::file_size(folder_.data() / "history.db");
  };
  const std::uintmax_t before = size();
  Retention retention(must(stores_->open_retention()), {});
  retention.purge(1);
  int slices = 0;
  while (must(retention.work(TimePoint(Millis((kFirst + 200) * kHour_ms))))) {
    ASSERT_LT(++slices, 100'000);
  }
  EXPECT_LT(size(), before * 7 / 10);
  EXPECT_EQ(chunks(2), 200);
}

TEST_F(SqliteRetentionTest, ChunksOfAnHourAreMalformedIfARowIsDamaged) {
  const DeviceHour of{.device = 1, .hour = kFirst};
  put(1, kFirst, "a");
  const auto retention = must(stores_->open_retention());
  EXPECT_THAT(must(retention->chunks(of)), ElementsAre("a"));
  {
    storage::Database database = must(storage::Database::open(folder_.data() / "history.db"));
    must(database.run("UPDATE block SET bytes = X'62'"));
  }
  const auto chunks = retention->chunks(of);
  ASSERT_FALSE(chunks);
  EXPECT_EQ(chunks.error().code, ErrorCode::kMalformed);
}

}  // namespace
}  // namespace gridloom::history
