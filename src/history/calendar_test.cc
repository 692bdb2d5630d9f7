// Tests of days, weeks and months across clock changes, in zones with unusual ones.
#include "history/calendar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/test_zone.h"

namespace gridloom::history {
namespace {

using testing::ElementsAre;

constexpr std::int64_t kHour = 3'600'000;
constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";

std::int64_t day(std::string_view text) { return begin_of(*date_of(text)); }

std::vector<std::string> steps(Step step, std::string_view from, std::string_view to) {
  std::vector<std::string> all;
  for (const std::int64_t at : bounds(step, day(from), day(to), 1000)) all.push_back(iso_text(at));
  return all;
}

TEST(Calendar, DaysHave23And25HoursWhereClocksChange) {
  const TestZone zone(kBerlin);
  EXPECT_EQ(day("2026-03-30") - day("2026-03-29"), 23 * kHour);
  EXPECT_EQ(day("2026-10-26") - day("2026-10-25"), 25 * kHour);
  EXPECT_EQ(day("2026-06-02") - day("2026-06-01"), 24 * kHour);
  EXPECT_EQ(bounds(Step::kHour, day("2026-03-29"), day("2026-03-30"), 100).size(), 23 + 1);
  EXPECT_EQ(bounds(Step::kHour, day("2026-10-25"), day("2026-10-26"), 100).size(), 25 + 1);
  EXPECT_EQ(iso_text(day("2026-03-29")), "2026-03-29T00:00:00+01:00");
  EXPECT_EQ(iso_text(day("2026-03-30")), "2026-03-30T00:00:00+02:00");
}

TEST(Calendar, WeeksBeginOnMonday) {
  const TestZone zone(kBerlin);
  for (const std::string_view any : {"2026-10-19", "2026-10-22", "2026-10-25"}) {
    EXPECT_EQ(iso_text(begin_of(Step::kWeek, day(any))), "2026-10-19T00:00:00+02:00");
    EXPECT_EQ(iso_text(begin_after(Step::kWeek, day(any))), "2026-10-26T00:00:00+01:00");
  }
  // Across the end of a year.
  EXPECT_EQ(iso_text(begin_of(Step::kWeek, day("2027-01-02"))), "2026-12-28T00:00:00+01:00");
}

TEST(Calendar, MonthsAndYearsAreThoseOfTheCalendar) {
  const TestZone zone(kBerlin);
  EXPECT_THAT(steps(Step::kMonth, "2028-01-01", "2028-04-01"),
              ElementsAre("2028-01-01T00:00:00+01:00", "2028-02-01T00:00:00+01:00",
                          "2028-03-01T00:00:00+01:00", "2028-04-01T00:00:00+02:00"));
  EXPECT_THAT(steps(Step::kYear, "2026-07-01", "2028-01-01"),
              ElementsAre("2026-07-01T00:00:00+02:00", "2027-01-01T00:00:00+01:00",
                          "2028-01-01T00:00:00+01:00"));
  EXPECT_EQ(begin_of(Step::kYear, day("2026-12-31")), day("2026-01-01"));
}

TEST(Calendar, EndsMayBePartsOfAStep) {
  const TestZone zone("UTC0");
  const std::int64_t from = day("2026-05-05") + 1000;
  EXPECT_THAT(bounds(Step::kDay, from, from + 24 * kHour, 10),
              ElementsAre(from, day("2026-05-06"), from + 24 * kHour));
  EXPECT_THAT(bounds(Step::kDay, from, from + 1000, 10), ElementsAre(from, from + 1000));
}

TEST(Calendar, NoMoreStepsAreMadeThanAskedFor) {
  const TestZone zone("UTC0");
  EXPECT_EQ(bounds(Step::kHour, 0, day("2026-01-01"), 50).size(), 51);
}

// Chile puts clocks forward at midnight: that day begins at 1:00.
TEST(Calendar, ADayMayBeginWithoutMidnight) {
  const TestZone zone("<-04>4<-03>,M9.1.6/24,M4.1.6/24");
  EXPECT_EQ(iso_text(day("2026-09-06")), "2026-09-06T01:00:00-03:00");
  EXPECT_EQ(day("2026-09-07") - day("2026-09-06"), 23 * kHour);
  EXPECT_EQ(day("2026-09-06") - day("2026-09-05"), 24 * kHour);
  EXPECT_EQ(begin_after(Step::kDay, day("2026-09-05")), day("2026-09-06"));
}

// Lord Howe Island changes its clocks by half an hour.
TEST(Calendar, HalfHoursPass) {
  const TestZone zone("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");
  EXPECT_EQ(day("2026-10-05") - day("2026-10-04"), 23 * kHour + kHour / 2);
  EXPECT_EQ(day("2026-04-06") - day("2026-04-05"), 24 * kHour + kHour / 2);
  for (const auto& [from, to] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"2026-10-04", "2026-10-05"}, {"2026-04-05", "2026-04-06"}}) {
    const auto hours = bounds(Step::kHour, day(from), day(to), 100);
    EXPECT_EQ(hours.size(), 24 + 1) << from;
    EXPECT_EQ(hours.back(), day(to));
  }
}

TEST(Calendar, HoursBeginWhereTheClockSaysSo) {
  const TestZone zone("<+0545>-5:45");  // UTC+5:45
  EXPECT_EQ(iso_text(begin_of(Step::kHour, 1'700'000'000'000)), "2023-11-15T03:00:00+05:45");
}

TEST(Calendar, WhatIsNoDayIsRefused) {
  for (const std::string_view text :
       {"", "2026-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "2026-1-01", "20260101",
        "2026-01-01 ", "1969-12-31", "2026-01-0x", "-026-01-01", "2026/01/01"}) {
    EXPECT_EQ(date_of(text).has_value(), false) << text;
  }
  EXPECT_TRUE(date_of("2028-02-29").has_value());
}

}  // namespace
}  // namespace gridloom::history
