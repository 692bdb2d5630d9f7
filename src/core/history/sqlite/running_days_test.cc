// Tests that a damaged row of the table running_day is detected.
#include "history/store/running_days.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "history/sqlite/sqlite_store_factory.h"
#include "storage/files.h"
#include "storage/sqlite.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;

class RunningDaysTest : public testing::Test {
 protected:
  RunningDaysTest() {
    must(storage::make_data_folder(folder_.data()));
    stores_ = sqlite_store_factory(folder_.data());
    static_cast<void>(must(stores_->open()));
    store_ = must(stores_->open_retention());
    RunningDays days = must(RunningDays::open(*store_));
    for (Millis ran = 0h; ran <= 60h; ran += 30min) must(days.note(*store_, kBegin + ran, ran));
    database_.emplace(must(storage::Database::open(folder_.data() / "history.db")));
  }
  [[nodiscard]] std::optional<TimePoint> reached() {
    return must(RunningDays::open(*store_)).reached(kBegin + 60h);
  }
  [[nodiscard]] std::uint64_t found() {
    return must(stores_->check(StoreFactory::Writers::kMaybe)).damaged;
  }
  void add(std::string_view column, int number) {
    must(database_->run(fmt::format("UPDATE running_day SET {0} = {0} + {1}", column, number)));
  }

  static constexpr TimePoint kBegin{std::chrono::sys_days(std::chrono::days(20'000))};
  TemporaryFolder folder_;
  std::shared_ptr<StoreFactory> stores_;
  std::unique_ptr<RetentionStore> store_;
  std::optional<storage::Database> database_;
};

TEST_F(RunningDaysTest, GoodRowsHaveNoDamage) {
  EXPECT_EQ(reached(), kBegin + 48h);
  EXPECT_EQ(found(), 0);
  EXPECT_EQ(stores_->damaged_rows(), 0);
}

TEST_F(RunningDaysTest, ADayWhoseRowIsDamagedDoesNotCount) {
  for (const std::string_view column : {"day", "ran_ms", "first_mark", "checksum"}) {
    add(column, 1024);
    EXPECT_EQ(reached(), std::nullopt) << column;
    EXPECT_EQ(found(), 3) << column;
    EXPECT_GE(stores_->damaged_rows(), 3) << column;
    add(column, -1024);
    EXPECT_EQ(reached(), kBegin + 48h) << column;
  }
}

}  // namespace
}  // namespace gridloom::history
