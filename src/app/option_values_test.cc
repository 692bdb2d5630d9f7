#include "app/option_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <string>
#include <utility>

#include "testing/must.h"

namespace gridloom::app {
namespace {

using testing::HasSubstr;

constexpr TimePoint kNow{Millis(1'700'000'000'000)};

TEST(TimeOptions, AreThoseOfTheWallIfNothingIsSaid) {
  EXPECT_EQ(must(time_options({}, {.at = kNow})).has_value(), false);
}

ServeOptions with(double speed, std::string start = "", std::string until = "") {
  ServeOptions options;
  options.speed = speed;
  options.start = std::move(start);
  options.until = std::move(until);
  return options;
}

TEST(TimeOptions, AnyOfThemMakesATimeOfItsOwn) {
  ServeOptions paused;
  paused.paused = true;
  EXPECT_TRUE(must(time_options(paused, {.at = kNow}))->paused);
  EXPECT_EQ(must(time_options(with(60), {.at = kNow}))->speed, 60);
  EXPECT_EQ(must(time_options(with(60), {.at = kNow}))->start, kNow);
  const auto both = must(time_options(with(1, "-7d", "+1d"), {.at = kNow}));
  EXPECT_EQ(both->start, kNow - std::chrono::days(7));
  EXPECT_EQ(both->until, kNow - std::chrono::days(6)) << "of its start";
}

TEST(TimeOptions, ErrorsNameTheInvalidOption) {
  const auto why = [](const ServeOptions& options) {
    const auto made = time_options(options, {.at = kNow});
    return made ? std::string() : made.error().detail;
  };
  for (const double speed : {0.0, -1.0, 1e-4, 1e7, std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(why(with(speed)), HasSubstr("--speed is")) << speed;
  }
  EXPECT_THAT(why(with(1, "soon")), HasSubstr("--start is \"soon\": must be a time"));
  EXPECT_THAT(why(with(1, "", "soon")), HasSubstr("--until is \"soon\": must be a time"));
  EXPECT_THAT(why(with(1, "-1d", "-1d")), HasSubstr("must be after the start"));
}

}  // namespace
}  // namespace gridloom::app
