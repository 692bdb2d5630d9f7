// Tests that a damaged row of the table running_day is detected.
#include "history/store/running_days.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "history/sqlite/row_check.h"
#include "history/sqlite/sqlite_retention_store.h"
#include "history/sqlite/sqlite_store.h"
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
    static_cast<void>(must(SqliteStore::open(folder_.data())));
    store_ = must(SqliteRetentionStore::open(folder_.data(), damaged_));
    RunningDays days = must(RunningDays::open(*store_));
    for (Millis ran = 0h; ran <= 60h; ran += 30min) must(days.note(*store_, kBegin + ran, ran));
    database_.emplace(must(storage::Database::open(folder_.data() / "history.db")));
  }
  [[nodiscard]] std::optional<TimePoint> reached() {
    return must(RunningDays::open(*store_)).reached(kBegin + 60h);
  }
  void add(std::string_view column, int number) {
    must(database_->run(fmt::format("UPDATE running_day SET {0} = {0} + {1}", column, number)));
  }

  static constexpr TimePoint kBegin{std::chrono::sys_days(std::chrono::days(20'000))};
  TemporaryFolder folder_;
  std::shared_ptr<DamagedRows> damaged_ = std::make_shared<DamagedRows>();
  std::unique_ptr<SqliteRetentionStore> store_;
  std::optional<storage::Database> database_;
};

TEST_F(RunningDaysTest, GoodRowsHaveNoDamage) {
  EXPECT_EQ(reached(), kBegin + 48h);
  EXPECT_EQ(must(check_rows(*database_)).damaged, 0);
  EXPECT_EQ(damaged_->count(), 0);
}

TEST_F(RunningDaysTest, ADayWhoseRowIsDamagedDoesNotCount) {
  for (const std::string_view column : {"day", "ran_ms", "first_row", "checksum"}) {
    add(column, 1024);
    EXPECT_EQ(reached(), std::nullopt) << column;
    EXPECT_EQ(must(check_rows(*database_)).damaged, 3) << column;
    EXPECT_GE(damaged_->count(), 3) << column;
    add(column, -1024);
    EXPECT_EQ(reached(), kBegin + 48h) << column;
  }
}

}  // namespace
}  // namespace gridloom::history
