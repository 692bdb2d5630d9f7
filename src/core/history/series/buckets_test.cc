// Tests where buckets begin and end, also across clock changes.
#include "history/series/bucket_aggregator.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "time/iso_text.h"
#include "time/test_zone.h"

namespace gridloom::history {
namespace {

constexpr std::int64_t kMinute_ms = 60'000;
constexpr std::int64_t kHour = 60 * kMinute_ms;

// Parses a UTC time such as "2026-03-29 01:30".
std::int64_t utc(std::string_view text) {
  return time::parse_iso(text)->local.time_since_epoch().count();
}

struct Row {
  const char* zone;
  std::int64_t step_ms;
  const char* at;
  const char* begin;
  const char* end;
};

TEST(Buckets, BeginWhereTheServersDaysAndHoursDo) {
  const std::vector<Row> rows = {
      {"UTC", 15 * kMinute_ms, "2026-01-10 12:29", "2026-01-10 12:15", "2026-01-10 12:30"},
      {"UTC", 7 * kMinute_ms, "1970-01-01 00:20", "1970-01-01 00:14", "1970-01-01 00:21"},
      {"UTC", 7 * kMinute_ms, "1969-12-31 23:59", "1969-12-31 23:53", "1970-01-01 00:00"},
      {"UTC", 24 * kHour, "2026-01-10 12:29", "2026-01-10 00:00", "2026-01-11 00:00"},
      // Time zone with an offset of half an hour.
      {"Asia/Kolkata", kHour, "2026-01-10 12:29", "2026-01-10 11:30", "2026-01-10 12:30"},
      {"Asia/Kolkata", 24 * kHour, "2026-01-10 18:30", "2026-01-10 18:30", "2026-01-11 18:30"},
      // A week begins on Monday, here 5 January 2026.
      {"Europe/Berlin", 7 * 24 * kHour, "2026-01-10 12:00", "2026-01-04 23:00", "2026-01-11 23:00"},
      {"Europe/Berlin", 2 * 24 * kHour, "1970-01-02 12:00", "1969-12-31 23:00", "1970-01-02 23:00"},
      // A day of 23 hours, and one of 25.
      {"Europe/Berlin", 24 * kHour, "2026-03-29 12:00", "2026-03-28 23:00", "2026-03-29 22:00"},
      {"Europe/Berlin", 24 * kHour, "2026-10-25 12:00", "2026-10-24 22:00", "2026-10-25 23:00"},
      {"Europe/Berlin", 6 * kHour, "2026-03-29 21:30", "2026-03-29 17:00", "2026-03-29 22:00"},
      {"Europe/Berlin", 6 * kHour, "2026-10-25 22:30", "2026-10-25 22:00", "2026-10-25 23:00"},
      {"Europe/Berlin", kHour, "2026-10-25 00:30", "2026-10-25 00:00", "2026-10-25 01:00"},
      // Clocks are put forward at midnight: the day begins at 1:00.
      {"America/Santiago", 24 * kHour, "2026-09-06 12:00", "2026-09-06 04:00", "2026-09-07 03:00"},
      {"America/Santiago", 24 * kHour, "2026-09-06 03:59", "2026-09-05 04:00", "2026-09-06 04:00"},
  };
  for (const Row& row : rows) {
    const Bucket bucket = Buckets(row.step_ms, time::test_zone(row.zone)).at(utc(row.at));
    EXPECT_EQ(bucket.begin_ms, utc(row.begin)) << row.zone << ' ' << row.at;
    EXPECT_EQ(bucket.end_ms, utc(row.end)) << row.zone << ' ' << row.at;
  }
}

TEST(Buckets, FollowEachOtherWithoutAHole) {
  for (const char* name : {"UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago"}) {
    const time::TimeZone zone = time::test_zone(name);
    for (const std::int64_t step_ms :
         {15 * kMinute_ms, 7 * kMinute_ms, 5 * kHour, 12 * kHour, 24 * kHour, 72 * kHour}) {
      Buckets buckets(step_ms, zone);
      std::int64_t at_ms = utc("2026-01-01 00:00");
      while (at_ms < utc("2027-01-01 00:00")) {
        const Bucket bucket = buckets.at(at_ms);
        ASSERT_LE(bucket.begin_ms, at_ms) << name << ' ' << step_ms;
        ASSERT_GT(bucket.end_ms, at_ms) << name << ' ' << step_ms;
        ASSERT_EQ(buckets.at(bucket.end_ms).begin_ms, bucket.end_ms) << name << ' ' << step_ms;
        ASSERT_EQ(Buckets(step_ms, zone).at(bucket.end_ms - 1).begin_ms, bucket.begin_ms)
            << name << ' ' << step_ms;
        at_ms = bucket.end_ms;
      }
    }
  }
}

}  // namespace
}  // namespace gridloom::history
