#include "app/process/progress.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace gridloom::app {
namespace {

using std::chrono::seconds;

TEST(Progress, ShowsABarAndTheTimeThatIsLeft) {
  EXPECT_EQ(Progress::line(0.25, "1d 18h of 7d", seconds(10)),
            "[======                  ]  25 %  1d 18h of 7d  30s left");
  EXPECT_EQ(Progress::line(1, "7d of 7d", seconds(40)),
            "[========================] 100 %  7d of 7d  0s left");
}

TEST(Progress, PromisesNothingAtTheBeginning) {
  EXPECT_EQ(Progress::line(0, "0 files", seconds(2)), "[                        ]   0 %  0 files");
}

TEST(Progress, ShowsTheTimeThatWentByWhereTheEndIsUnknown) {
  EXPECT_EQ(Progress::line(std::nullopt, "12 messages", seconds(75)), "12 messages  1m 15s");
  EXPECT_EQ(Progress::bar(std::nullopt), "");
}

TEST(Progress, StaysWithinItsBar) {
  EXPECT_EQ(Progress::bar(7), "[========================]");
  EXPECT_EQ(Progress::bar(-1), "[                        ]");
}

TEST(Progress, WritesNothingToAPipe) {
  testing::internal::CaptureStderr();
  {
    Progress progress(false, Progress::Steady::now() - seconds(100));
    progress.show(0.5, "half");
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Progress, LeavesNothingOnTheTerminal) {
  testing::internal::CaptureStderr();
  {
    Progress progress(true, Progress::Steady::now() - seconds(100));
    progress.show(0.5, "half");
  }
  EXPECT_TRUE(testing::internal::GetCapturedStderr().ends_with("\r\x1b[K"));
}

TEST(Progress, WritesSizesInDecimalUnits) {
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1000), "1.0 kB");
  EXPECT_EQ(bytes_text(123'063), "123.1 kB");
  EXPECT_EQ(bytes_text(999'960), "1.0 MB");
  EXPECT_EQ(bytes_text(2'500'000'000), "2.5 GB");
}

}  // namespace
}  // namespace gridloom::app
