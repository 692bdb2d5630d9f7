// Tests that RunningDays survive a restart, and that a damaged row of them is detected.
#include "history/store/running_days.h"

#include <gtest/gtest.h>

#include <chrono>

#include "history/store/store.h"
#include "history/store/store_check.h"
#include "storage/files.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;

class RunningDaysTest : public testing::Test {
 protected:
  RunningDaysTest() {
    must(storage::make_data_folder(folder_.data()));
    static_cast<void>(must(Store::open(folder_.data())));
    database_.emplace(must(storage::Database::open(folder_.data() / "history.db")));
    RunningDays days = open();
    for (Millis ran = 0h; ran <= 60h; ran += 30min) must(days.note(*database_, kBegin + ran, ran));
  }
  RunningDays open() { return must(RunningDays::open(*database_, damaged_)); }

  static constexpr TimePoint kBegin{std::chrono::sys_days(std::chrono::days(20'000))};
  static constexpr TimePoint kNow{kBegin + 60h};
  TemporaryFolder folder_;
  DamagedRows damaged_;
  std::optional<storage::Database> database_;
};

TEST_F(RunningDaysTest, RunningDaysSurviveARestart) {
  EXPECT_EQ(open().reached(kNow), kBegin + 48h);
  EXPECT_EQ(must(check_store(*database_)).damaged, 0);
}

TEST_F(RunningDaysTest, ADayWhoseRowIsDamagedDoesNotCount) {
  for (const char* column : {"day", "ran_ms", "first_row", "checksum"}) {
    must(database_->run("SAVEPOINT good"));
    must(database_->run(std::string("UPDATE running_day SET ") + column + " = " + column +
                        " + 1024"));
    EXPECT_EQ(open().reached(kNow), std::nullopt) << column;
    EXPECT_EQ(must(check_store(*database_)).damaged, 3) << column;
    EXPECT_GE(damaged_.count(), 3) << column;
    must(database_->run("ROLLBACK TO good; RELEASE good"));
  }
}

}  // namespace
}  // namespace gridloom::history
