// Zones against another author's implementation, which reads the same files; and what it does not
// do: rules, times after 2037, names that are none.
#include "time/time_zone.h"

#include <date/tz.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/read_file.h"
#include "time/iso_text.h"
#include "time/test_zone.h"

namespace gridloom::time {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

constexpr date::sys_seconds k1970{seconds(0)};
constexpr date::sys_seconds k2038{seconds(2'145'916'800)};

// Names such as Europe/Berlin.
std::vector<std::string> all_zones() {
  std::vector<std::string> names;
  for (const date::time_zone& zone : date::get_tzdb().zones) {
    const std::string& name = zone.name();
    const bool is_copy = name.starts_with("posix/") || name.starts_with("right/");
    if (name.contains('/') && !is_copy) names.push_back(name);
  }
  return names;
}

TimePoint point_of(date::sys_seconds at) { return TimePoint(at.time_since_epoch()); }

// A local time, on both sides of it and at it.
void expect_same_around(const TimeZone& zone, const date::time_zone& oracle, seconds local,
                        std::string_view name) {
  for (const seconds beside : {seconds(-1), seconds(0), seconds(1)}) {
    const seconds shown = local + beside;
    const date::local_info info = oracle.get_info(date::local_seconds(shown));
    // Unique; or skipped or shown twice, where the first offset is that before the change.
    const TimePoint expected(shown - info.first.offset);
    ASSERT_EQ(zone.to_utc(LocalTime(shown)), expected) << name << ' ' << shown.count();
    const bool is_skipped = info.result == date::local_info::nonexistent;
    ASSERT_EQ(zone.first_at(LocalTime(shown)), is_skipped ? point_of(info.first.end) : expected)
        << name << ' ' << shown.count();
  }
}

TEST(TimeZone, EveryZoneIsAsAnotherReaderHasIt) {
  const std::vector<std::string> names = all_zones();
  ASSERT_GT(names.size(), 400U);
  for (const std::string& name : names) {
    const TimeZone zone = test_zone(name);
    const date::time_zone& oracle = *date::locate_zone(name);
    for (date::sys_seconds at = k1970; at < k2038;) {
      const date::sys_info info = oracle.get_info(at);
      const date::sys_seconds end = std::min<date::sys_seconds>(info.end, k2038);
      ASSERT_EQ(zone.offset_at(point_of(at)), info.offset) << name;
      ASSERT_EQ(zone.offset_at(point_of(end) - Millis(1)), info.offset) << name;
      if (end < k2038) {
        const seconds after = oracle.get_info(end).offset;
        for (const seconds offset : {info.offset, after, (info.offset + after) / 2}) {
          expect_same_around(zone, oracle, end.time_since_epoch() + offset, name);
          if (testing::Test::HasFatalFailure()) return;
        }
      }
      at = end;
    }
  }
}

// Files that list every year up to 2037 have a rule as well; on other systems they have the rule
// only.
TEST(TimeZone, TheRuleOfAFileSaysWhatItsListSays) {
  constexpr std::int64_t kYear2030_s = 1'893'456'000;
  constexpr std::int64_t kYear2038_s = 2'145'916'800;
  std::size_t compared = 0;
  for (const std::string& name : all_zones()) {
    const auto bytes = read_file(std::filesystem::path(kZoneFiles) / name, 1U << 20U);
    ASSERT_TRUE(bytes) << bytes.error().detail;
    const auto listed = parse_zone_file(*bytes);
    ASSERT_TRUE(listed) << name << ' ' << listed.error().detail;
    // Morocco's list goes on: its rule holds only after that.
    const bool is_long = !listed->changes.empty() && listed->changes.back().at_s >= kYear2038_s;
    if (!listed->rule || is_long) continue;
    ZoneRules ruled = *listed;
    std::erase_if(ruled.changes, [](const auto& change) { return change.at_s >= kYear2030_s; });
    for (std::int64_t at_s = kYear2030_s; at_s < kYear2038_s;) {
      const ZoneRules::Span span = listed->at(at_s);
      ASSERT_EQ(ruled.at(at_s).offset_s, span.offset_s) << name << ' ' << at_s;
      ASSERT_EQ(ruled.at(span.end_s - 1).offset_s, span.offset_s) << name << ' ' << at_s;
      at_s = span.end_s;
    }
    ++compared;
  }
  EXPECT_GT(compared, 300U);
}

TEST(TimeZone, TimesOfAllYearsHaveAnOffset) {
  const TimeZone berlin = test_zone("Europe/Berlin");
  EXPECT_EQ(iso_text(4'102'444'800'000, berlin), "2100-01-01T01:00:00+01:00");
  EXPECT_EQ(iso_text(4'118'083'200'000, berlin), "2100-07-01T02:00:00+02:00");
  EXPECT_LT(berlin.to_utc(LocalTime::max()), TimePoint::max());
  EXPECT_EQ(berlin.to_utc(berlin.to_local(TimePoint(Millis(-9'000'000'000'000'000)))),
            TimePoint(Millis(-9'000'000'000'000'000)));
}

TEST(TimeZone, SkippedTimesMoveForwardAndAmbiguousTimesAreTheFirst) {
  const TimeZone zone = test_zone("Europe/Berlin");
  const auto utc_of = [&](std::string_view local) {
    return iso_text(unix_ms(zone.to_utc(parse_iso(local)->local)), {});
  };
  EXPECT_EQ(utc_of("2026-03-29 01:59:59"), "2026-03-29T00:59:59+00:00");
  EXPECT_EQ(utc_of("2026-03-29 02:30"), "2026-03-29T01:30:00+00:00") << "03:30 in summer";
  EXPECT_EQ(utc_of("2026-10-25 02:30"), "2026-10-25T00:30:00+00:00") << "in summer still";
  EXPECT_EQ(utc_of("2026-10-25 03:00"), "2026-10-25T02:00:00+00:00");
  const LocalTime skipped = parse_iso("2026-03-29 02:30:00.250")->local;
  EXPECT_EQ(unix_ms(zone.first_at(skipped)), 1'774'746'000'000);
  EXPECT_EQ(unix_ms(zone.to_utc(skipped)), 1'774'746'000'000 + 1'800'250);
}

TEST(TimeZone, ARuleIsAZone) {
  const TimeZone rule = test_zone("CET-1CEST,M3.5.0,M10.5.0/3");
  const TimeZone berlin = test_zone("Europe/Berlin");
  for (TimePoint at{hours(24 * 365 * 30)}; at < TimePoint{hours(24 * 365 * 130)}; at += hours(1)) {
    ASSERT_EQ(rule.offset_at(at), berlin.offset_at(at)) << unix_ms(at);
  }
}

TEST(TimeZone, UtcNeedsNoFile) {
  const auto utc = TimeZone::find("UTC", "/no/such/folder");
  ASSERT_TRUE(utc);
  EXPECT_EQ(utc->offset_at({}), seconds(0));
  EXPECT_EQ(TimeZone().to_utc(LocalTime(Millis(5))), TimePoint(Millis(5)));
  EXPECT_EQ(TimeZone().first_at(LocalTime(Millis(5))), TimePoint(Millis(5)));
}

TEST(TimeZone, AnUnknownNameIsRefusedWithExamples) {
  for (const std::string_view name :
       {"", "Europe", "Europe/Atlantis", "../../etc/passwd", "/etc/localtime", "Europe/../UTC",
        "CET-1CEST,M3.5.0", "zone.tab"}) {
    const auto zone = TimeZone::find(name);
    ASSERT_FALSE(zone) << name;
    EXPECT_EQ(zone.error().code, ErrorCode::kNotFound) << name;
    EXPECT_THAT(zone.error().detail, AllOf(HasSubstr(name), HasSubstr("Europe/Berlin"),
                                           HasSubstr("CET-1CEST,M3.5.0,M10.5.0/3")));
  }
  EXPECT_EQ(TimeZone::read("/etc/passwd").error().code, ErrorCode::kMalformed);
  EXPECT_EQ(TimeZone::read("/no/such/file").error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace gridloom::time
