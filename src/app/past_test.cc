#include "app/past.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::app {
namespace {

using testing::HasSubstr;

constexpr TimePoint kNow{Millis(1'700'000'000'000)};

class PastTest : public testing::Test {
 protected:
  PastTest() {
    options_.demo = "true";
    options_.data = folder_.data();
    options_.past = "21d";
  }
  [[nodiscard]] std::string why() const {
    const auto past = past_of(options_, kNow);
    return past ? std::string() : past.error().detail;
  }

  TemporaryFolder folder_;
  ServeOptions options_;
};

TEST_F(PastTest, IsThatOfANewDataFolderAlone) {
  const auto past = must(past_of(options_, kNow));
  ASSERT_TRUE(past.has_value());
  EXPECT_EQ(past->from, kNow - std::chrono::days(21));
  EXPECT_EQ(past->to, kNow);
  std::filesystem::create_directories(options_.data / "log");
  EXPECT_TRUE(must(past_of(options_, kNow)).has_value()) << "an account may be there already";
  std::filesystem::create_directories(options_.data / "history.db");
  EXPECT_FALSE(must(past_of(options_, kNow)).has_value());
}

TEST_F(PastTest, GoesOnWhereAnotherServerEnded) {
  std::filesystem::create_directories(options_.data);
  ASSERT_TRUE(begin_past(options_.data, *must(past_of(options_, kNow))));
  std::filesystem::create_directories(options_.data / "history.db");
  const TimePoint later = kNow + std::chrono::hours(1);
  const auto past = must(past_of(options_, later));
  ASSERT_TRUE(past.has_value());
  EXPECT_TRUE(past->is_begun);
  EXPECT_EQ(past->from, kNow - std::chrono::days(21));
  EXPECT_EQ(past->to, later);
  ASSERT_TRUE(end_past(options_.data));
  EXPECT_FALSE(must(past_of(options_, later)).has_value());
}

TEST_F(PastTest, IsNoneIfItIsNotWanted) {
  options_.past.clear();
  EXPECT_FALSE(must(past_of(options_, kNow)).has_value());
}

TEST_F(PastTest, SaysWhatContradictsIt) {
  options_.past = "long";
  EXPECT_THAT(why(), HasSubstr("--past is \"long\""));
  options_.past = "21d";
  options_.no_history = true;
  EXPECT_THAT(why(), HasSubstr("--no-history would store nothing"));
  options_.no_history = false;
  options_.demo.clear();
  EXPECT_THAT(why(), HasSubstr("add --demo or --home"));
}

}  // namespace
}  // namespace gridloom::app
