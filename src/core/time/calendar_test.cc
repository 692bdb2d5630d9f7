// Tests of days, weeks and months across clock changes, in zones with unusual ones.
#include "time/calendar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "time/iso_text.h"
#include "time/test_zone.h"

namespace gridloom::time {
namespace {

using testing::ElementsAre;

constexpr std::int64_t kHour = 3'600'000;
constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";

std::int64_t day(std::string_view text, const TimeZone& zone) {
  return begin_of(std::chrono::floor<std::chrono::days>(parse_iso(text)->local), zone);
}

std::vector<std::string> steps(Step step, const Range& range, const TimeZone& zone) {
  std::vector<std::string> all;
  for (const std::int64_t at : bounds(step, range, zone, 1000)) all.push_back(iso_text(at, zone));
  return all;
}

TEST(Calendar, DaysHave23And25HoursWhereClocksChange) {
  const TimeZone zone = test_zone(kBerlin);
  EXPECT_EQ(day("2026-03-30", zone) - day("2026-03-29", zone), 23 * kHour);
  EXPECT_EQ(day("2026-10-26", zone) - day("2026-10-25", zone), 25 * kHour);
  EXPECT_EQ(day("2026-06-02", zone) - day("2026-06-01", zone), 24 * kHour);
  EXPECT_EQ(
      bounds(Step::kHour, {.from_ms = day("2026-03-29", zone), .to_ms = day("2026-03-30", zone)},
             zone, 100)
          .size(),
      23 + 1);
  EXPECT_EQ(
      bounds(Step::kHour, {.from_ms = day("2026-10-25", zone), .to_ms = day("2026-10-26", zone)},
             zone, 100)
          .size(),
      25 + 1);
  EXPECT_EQ(iso_text(day("2026-03-29", zone), zone), "2026-03-29T00:00:00+01:00");
  EXPECT_EQ(iso_text(day("2026-03-30", zone), zone), "2026-03-30T00:00:00+02:00");
}

TEST(Calendar, WeeksBeginOnMonday) {
  const TimeZone zone = test_zone(kBerlin);
  for (const std::string_view any : {"2026-10-19", "2026-10-22", "2026-10-25"}) {
    EXPECT_EQ(iso_text(begin_of(Step::kWeek, day(any, zone), zone), zone),
              "2026-10-19T00:00:00+02:00");
    EXPECT_EQ(iso_text(begin_after(Step::kWeek, day(any, zone), zone), zone),
              "2026-10-26T00:00:00+01:00");
  }
  // Across the end of a year.
  EXPECT_EQ(iso_text(begin_of(Step::kWeek, day("2027-01-02", zone), zone), zone),
            "2026-12-28T00:00:00+01:00");
}

TEST(Calendar, MonthsAndYearsAreThoseOfTheCalendar) {
  const TimeZone zone = test_zone(kBerlin);
  EXPECT_THAT(steps(Step::kMonth,
                    {.from_ms = day("2028-01-01", zone), .to_ms = day("2028-04-01", zone)}, zone),
              ElementsAre("2028-01-01T00:00:00+01:00", "2028-02-01T00:00:00+01:00",
                          "2028-03-01T00:00:00+01:00", "2028-04-01T00:00:00+02:00"));
  EXPECT_THAT(steps(Step::kYear,
                    {.from_ms = day("2026-07-01", zone), .to_ms = day("2028-01-01", zone)}, zone),
              ElementsAre("2026-07-01T00:00:00+02:00", "2027-01-01T00:00:00+01:00",
                          "2028-01-01T00:00:00+01:00"));
  EXPECT_EQ(begin_of(Step::kYear, day("2026-12-31", zone), zone), day("2026-01-01", zone));
}

TEST(Calendar, EndsMayBePartsOfAStep) {
  const TimeZone zone = test_zone("UTC0");
  const std::int64_t from = day("2026-05-05", zone) + 1000;
  EXPECT_THAT(bounds(Step::kDay, {.from_ms = from, .to_ms = from + 24 * kHour}, zone, 10),
              ElementsAre(from, day("2026-05-06", zone), from + 24 * kHour));
  EXPECT_THAT(bounds(Step::kDay, {.from_ms = from, .to_ms = from + 1000}, zone, 10),
              ElementsAre(from, from + 1000));
}

TEST(Calendar, NoMoreStepsAreMadeThanAskedFor) {
  const TimeZone zone = test_zone("UTC0");
  EXPECT_EQ(bounds(Step::kHour, {.from_ms = 0, .to_ms = day("2026-01-01", zone)}, zone, 50).size(),
            51);
}

// Chile puts clocks forward at midnight: that day begins at 1:00.
TEST(Calendar, ADayMayBeginWithoutMidnight) {
  const TimeZone zone = test_zone("<-04>4<-03>,M9.1.6/24,M4.1.6/24");
  EXPECT_EQ(iso_text(day("2026-09-06", zone), zone), "2026-09-06T01:00:00-03:00");
  EXPECT_EQ(day("2026-09-07", zone) - day("2026-09-06", zone), 23 * kHour);
  EXPECT_EQ(day("2026-09-06", zone) - day("2026-09-05", zone), 24 * kHour);
  EXPECT_EQ(begin_after(Step::kDay, day("2026-09-05", zone), zone), day("2026-09-06", zone));
}

// Lord Howe Island changes its clocks by half an hour.
TEST(Calendar, HalfHoursPass) {
  const TimeZone zone = test_zone("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");
  EXPECT_EQ(day("2026-10-05", zone) - day("2026-10-04", zone), 23 * kHour + kHour / 2);
  EXPECT_EQ(day("2026-04-06", zone) - day("2026-04-05", zone), 24 * kHour + kHour / 2);
  for (const auto& [from, to] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"2026-10-04", "2026-10-05"}, {"2026-04-05", "2026-04-06"}}) {
    const auto hours =
        bounds(Step::kHour, {.from_ms = day(from, zone), .to_ms = day(to, zone)}, zone, 100);
    EXPECT_EQ(hours.size(), 24 + 1) << from;
    EXPECT_EQ(hours.back(), day(to, zone));
  }
}

TEST(Calendar, HoursBeginWhereTheClockSaysSo) {
  const TimeZone zone = test_zone("<+0545>-5:45");  // UTC+5:45
  EXPECT_EQ(iso_text(begin_of(Step::kHour, 1'700'000'000'000, zone), zone),
            "2023-11-15T03:00:00+05:45");
}

// Until 2011, Newfoundland put its clocks back at 00:01, to 23:01 of the day before.
TEST(Calendar, AMidnightThatComesTwiceBeginsTheDayOnce) {
  const TimeZone zone = test_zone("America/St_Johns");
  const std::int64_t begin = day("2010-11-07", zone);
  EXPECT_EQ(iso_text(begin, zone), "2010-11-07T00:00:00-02:30");
  for (const std::int64_t at : {begin, begin + kHour / 2, begin + kHour, begin + 2 * kHour}) {
    EXPECT_EQ(begin_of(Step::kDay, at, zone), begin) << iso_text(at, zone);
    EXPECT_EQ(begin_after(Step::kDay, at, zone), day("2010-11-08", zone)) << iso_text(at, zone);
  }
  EXPECT_EQ(begin_after(Step::kDay, begin - 1, zone), begin);
}

// Samoa went to the other side of the date line: there was no December 30.
TEST(Calendar, ADayMayBeLeftOut) {
  const TimeZone zone = test_zone("Pacific/Apia");
  EXPECT_EQ(day("2011-12-30", zone), day("2011-12-31", zone));
  EXPECT_EQ(day("2011-12-31", zone) - day("2011-12-29", zone), 24 * kHour);
  EXPECT_EQ(begin_after(Step::kDay, day("2011-12-29", zone), zone), day("2011-12-31", zone));
  EXPECT_EQ(begin_of(Step::kDay, day("2011-12-31", zone), zone), day("2011-12-31", zone));
}

// Every step contains its times, and the next begins where it ends.
TEST(Calendar, StepsFollowEachOtherWithoutAHole) {
  for (const char* name : {"Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns",
                           "America/Santiago", "Pacific/Apia", "Asia/Kathmandu"}) {
    const TimeZone zone = test_zone(name);
    for (const Step step : {Step::kHour, Step::kDay, Step::kWeek, Step::kMonth, Step::kYear}) {
      const std::int64_t end = day("2012-02-01", zone);
      for (std::int64_t at = day("2010-10-01", zone); at < end;) {
        const std::int64_t next = begin_after(step, at, zone);
        ASSERT_GT(next, at) << name << ' ' << iso_text(at, zone);
        ASSERT_EQ(begin_of(step, next, zone), next) << name << ' ' << iso_text(next, zone);
        ASSERT_EQ(begin_of(step, next - 1, zone), begin_of(step, at, zone))
            << name << ' ' << iso_text(next, zone);
        at = next;
      }
    }
  }
}

}  // namespace
}  // namespace gridloom::time
