// Zone files and rules: what is read, and what is refused.
#include "time/zone_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/read_file.h"

namespace gridloom::time {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kHour_s = 3600;
constexpr std::int64_t kYear2026_s = 1'767'225'600;  // 2026-01-01T00:00:00Z

// The offset at the beginning of each month of 2026, in hours.
std::vector<double> months_of(std::string_view text) {
  const auto rule = parse_yearly_rule(text);
  EXPECT_TRUE(rule) << text;
  if (!rule) return {};
  const ZoneRules rules{.first_offset_s = 0, .changes = {}, .rule = *rule};
  const std::int64_t day_s = 24 * kHour_s;
  std::vector<double> offsets;
  for (const int day : {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334}) {
    offsets.push_back(rules.at(kYear2026_s + day * day_s).offset_s / 3600.0);
  }
  return offsets;
}

TEST(YearlyRule, HasStandardTimeAndDaylightSavingTime) {
  using Months = std::vector<double>;
  EXPECT_EQ(months_of("UTC0"), Months(12, 0));
  EXPECT_EQ(months_of("<+0545>-5:45"), Months(12, 5.75));
  EXPECT_EQ(months_of("AAA+3:30:36"), Months(12, -3.51));
  EXPECT_EQ(months_of("CET-1CEST,M3.5.0,M10.5.0/3"), (Months{1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 1, 1}));
  EXPECT_EQ(months_of("EST5EDT"), (Months{-5, -5, -5, -4, -4, -4, -4, -4, -4, -4, -4, -5}));
  EXPECT_EQ(months_of("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"),
            (Months{11, 11, 11, 11, 10.5, 10.5, 10.5, 10.5, 10.5, 10.5, 11, 11}));
  // In Ireland winter is the exception, an hour behind.
  EXPECT_EQ(months_of("IST-1GMT0,M10.5.0,M3.5.0/1"), (Months{0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0}));
  // Daylight saving time all year.
  EXPECT_EQ(months_of("XXX3EDT4,0/0,J365/23"), Months(12, -4));
}

TEST(YearlyRule, DatesAreCountedInThreeWays) {
  const auto begin_of = [](std::string_view text, std::int64_t near_s) {
    const ZoneRules rules{.first_offset_s = 0, .changes = {}, .rule = *parse_yearly_rule(text)};
    return rules.at(near_s).begin_s;
  };
  constexpr std::int64_t kYear2028_s = 1'830'297'600;  // a leap year
  const std::int64_t day_s = 24 * kHour_s;
  EXPECT_EQ(begin_of("AAA0BBB,J60/0,J300", kYear2026_s + 100 * day_s), kYear2026_s + 59 * day_s);
  EXPECT_EQ(begin_of("AAA0BBB,J60/0,J300", kYear2028_s + 100 * day_s), kYear2028_s + 60 * day_s);
  EXPECT_EQ(begin_of("AAA0BBB,59/0,300", kYear2028_s + 100 * day_s), kYear2028_s + 59 * day_s);
  EXPECT_EQ(begin_of("AAA0BBB,M3.5.0/-1,M10.5.0", kYear2026_s + 100 * day_s),
            kYear2026_s + 87 * day_s - kHour_s);
  EXPECT_EQ(begin_of("AAA0BBB,M3.4.4/50,M10.4.4/50", kYear2026_s + 100 * day_s),
            kYear2026_s + 86 * day_s + 2 * kHour_s);
}

TEST(YearlyRule, TextThatIsNotARuleIsRefused) {
  for (const std::string_view text : {"",
                                      "UTC",
                                      "AB1",
                                      "CET-1CEST,",
                                      "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M3.5.0,M10.5.0/3x",
                                      "CET-25",
                                      "CET-1:60",
                                      "CET-1CEST,M13.1.0,M10.5.0",
                                      "CET-1CEST,M0.1.0,M10.5.0",
                                      "CET-1CEST,M3.6.0,M10.5.0",
                                      "CET-1CEST,M3.0.0,M10.5.0",
                                      "CET-1CEST,M3.5.7,M10.5.0",
                                      "CET-1CEST,J0,J1",
                                      "CET-1CEST,J366,J1",
                                      "CET-1CEST,366,1",
                                      "CET-1CEST,M3.5.0/168,J1",
                                      "<+01-1",
                                      "<>1",
                                      "C1T-1",
                                      "99999999999999999999"}) {
    EXPECT_FALSE(parse_yearly_rule(text)) << text;
  }
}

std::string berlin() { return *read_file("/usr/share/zoneinfo/Europe/Berlin", 1U << 20U); }

TEST(ZoneFile, MayBeCutOffNowhere) {
  const std::string whole = berlin();
  ASSERT_TRUE(parse_zone_file(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_zone_file(std::string_view(whole).substr(0, size))) << size;
  }
}

TEST(ZoneFile, AFileOfTheFirstVersionHasNoRule) {
  std::string text = berlin();
  text[4] = '\0';
  const auto rules = parse_zone_file(text);
  ASSERT_TRUE(rules) << rules.error().detail;
  EXPECT_FALSE(rules->rule);
  EXPECT_EQ(rules->at(kYear2026_s).offset_s, kHour_s);
  EXPECT_EQ(rules->at(kYear2026_s).end_s, kYear2026_s + 87 * 24 * kHour_s + kHour_s);
}

TEST(ZoneFile, DamageIsNamed) {
  const auto why = [](const std::string& text) {
    const auto rules = parse_zone_file(text);
    return rules ? std::string() : rules.error().detail;
  };
  EXPECT_THAT(why("TZjf" + berlin().substr(4)), HasSubstr("not a zone file"));
  std::string rule = berlin();
  rule[rule.size() - 2] = 'x';
  EXPECT_THAT(why(rule), HasSubstr("damaged"));
  const auto leaps = read_file("/usr/share/zoneinfo/right/Europe/Berlin", 1U << 20U);
  if (leaps) EXPECT_THAT(why(*leaps), HasSubstr("leap seconds"));
}

}  // namespace
}  // namespace gridloom::time
