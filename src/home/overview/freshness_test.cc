// One answer to how fresh a device's values are, up to the millisecond.
#include "overview/freshness.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <vector>

namespace gridloom::overview {
namespace {

using std::chrono::seconds;

catalog::Family family_that_reports_every(Millis full) {
  catalog::Family family;
  family.messages.full_ms = full.count();
  return family;
}

TEST(Freshness, IsFoundByPresenceAndTheAgeOfTheLastReport) {
  const catalog::Family slow = family_that_reports_every(seconds(60));
  struct Case {
    DeviceMoment moment;
    Freshness freshness{};
  };
  const std::vector<Case> cases{
      {{.online = true, .has_values = true, .age = seconds(0)}, Freshness::kLive},
      {{.online = true, .has_values = true, .age = seconds(90)}, Freshness::kLive},
      {{.online = true, .has_values = true, .age = seconds(90) + Millis(1)}, Freshness::kQuiet},
      {{.online = true, .has_values = true}, Freshness::kQuiet},  // it has not reported
      {{.online = true}, Freshness::kQuiet},
      {{.has_values = true, .age = seconds(0)}, Freshness::kOffline},
      {{}, Freshness::kNever},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(name_of(freshness_of(slow, each.moment)), name_of(each.freshness));
  }
}

TEST(Freshness, AFamilyThatReportsOftenIsQuietAfterAMinute) {
  EXPECT_EQ(quiet_after(family_that_reports_every(seconds(2))), seconds(60));
  EXPECT_EQ(quiet_after(family_that_reports_every(seconds(600))), seconds(900));
}

TEST(Freshness, NamesTheMomentsAtWhichTimeAloneChangesIt) {
  const catalog::Family family = family_that_reports_every(seconds(60));
  const TimePoint reported{seconds(1'000'000)};
  const TimePoint quiet = reported + seconds(90) + Millis(1);
  const TimePoint old = reported + kOldValue + Millis(1);
  EXPECT_EQ(next_change(family, reported, reported), quiet);
  EXPECT_EQ(next_change(family, reported, quiet), old);
  EXPECT_EQ(next_change(family, reported, old), std::nullopt);
  EXPECT_TRUE(is_of_now(kOldValue));
  EXPECT_FALSE(is_of_now(kOldValue + Millis(1)));
}

}  // namespace
}  // namespace gridloom::overview
