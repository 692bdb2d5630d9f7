// Spans and times as users write them, everywhere in the same way.
#include "time/grammar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "time/iso_text.h"
#include "time/test_zone.h"

namespace gridloom::time {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Relative = TimeOptions::Relative;

constexpr TimePoint kNow{Millis(1'700'000'000'000)};  // 2023-11-14 22:13:20 UTC

TEST(Span, IsANumberAndAUnit) {
  for (const auto& [text, span] :
       std::vector<std::pair<std::string_view, Millis>>{{"250ms", Millis(250)},
                                                        {"30s", seconds(30)},
                                                        {"15m", minutes(15)},
                                                        {"15min", minutes(15)},
                                                        {"2h", hours(2)},
                                                        {"7d", days(7)},
                                                        {"1w", days(7)},
                                                        {"007s", seconds(7)},
                                                        {"1000000d", kLongestSpan},
                                                        {"86400000000s", kLongestSpan}}) {
    EXPECT_EQ(parse_span(text, {}), span) << text;
  }
}

TEST(Span, AnythingElseIsRefusedWithItsNameAndAnExample) {
  for (const std::string_view text :
       {"", "s", "15", "-1s", "+1s", "15 m", "15M", "1.5h", "1h30m", "1y", "1mins", "1000001d",
        "86400000001s", "9223372036854775807w", "99999999999999999999s", "0x1s", "1s "}) {
    const auto span = parse_span(text, {.name = "--for"});
    ASSERT_FALSE(span) << text;
    EXPECT_EQ(span.error().code, ErrorCode::kBadParams);
    EXPECT_THAT(span.error().detail, AllOf(HasSubstr("--for is "), HasSubstr("15m"))) << text;
  }
}

TEST(Span, LimitsAreNamed) {
  EXPECT_THAT(parse_span("0s", {.name = "step"}).error().detail, HasSubstr("from 1ms to 1000000d"));
  EXPECT_EQ(parse_span("0s", {.least = Millis(0)}), Millis(0));
  const SpanOptions options{.name = "--step", .least = seconds(1), .most = minutes(1)};
  EXPECT_EQ(parse_span("60s", options), minutes(1));
  for (const std::string_view text : {"61s", "999ms", "1d"}) {
    EXPECT_THAT(parse_span(text, options).error().detail, HasSubstr("from 1s to 1m")) << text;
  }
}

TEST(Span, IsWrittenShortly) {
  for (const auto& [span, text] :
       std::vector<std::pair<Millis, std::string_view>>{{Millis(0), "0ms"},
                                                        {Millis(1500), "1500ms"},
                                                        {seconds(10), "10s"},
                                                        {seconds(90), "90s"},
                                                        {minutes(15), "15m"},
                                                        {hours(1), "1h"},
                                                        {days(1), "1d"},
                                                        {days(7), "1w"},
                                                        {days(30), "30d"}}) {
    EXPECT_EQ(span_text(span), text);
  }
}

TEST(Span, IsWrittenWithItsTwoLargestUnits) {
  for (const auto& [span, text] :
       std::vector<std::pair<Millis, std::string_view>>{{Millis(0), "0s"},
                                                        {Millis(999), "0s"},
                                                        {seconds(-5), "0s"},
                                                        {seconds(59), "59s"},
                                                        {seconds(90), "1m 30s"},
                                                        {hours(3), "3h"},
                                                        {seconds(3602), "1h 2s"},
                                                        {seconds(3662), "1h 1m"},
                                                        {hours(54), "2d 6h"},
                                                        {days(14), "14d"}}) {
    EXPECT_EQ(rounded_span_text(span), text);
  }
}

TEST(Span, SpansAreReadBackAsWritten) {
  const Chance chance(3);
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const auto units = static_cast<std::int64_t>(chance.bits(i) % 100'000);
    for (const Millis unit : {Millis(1), Millis(seconds(1)), Millis(minutes(1)), Millis(days(1))}) {
      const Millis span = units * unit;
      ASSERT_EQ(parse_span(span_text(span), {.least = Millis(0)}), span) << span.count();
    }
  }
}

TimeOptions everything() {
  return {.name = "--since",
          .now = {.at = kNow, .zone = test_zone("Europe/Berlin")},
          .relative = Relative::kAny,
          .takes_unix_ms = true};
}

TEST(Time, IsReadInAllItsForms) {
  for (const auto& [text, ms] : std::vector<std::pair<std::string_view, std::int64_t>>{
           {"now", 1'700'000'000'000},
           {"-0s", 1'700'000'000'000},
           {"-30s", 1'699'999'970'000},
           {"-15m", 1'699'999'100'000},
           {"-2h", 1'699'992'800'000},
           {"-7d", 1'699'395'200'000},
           {"-1w", 1'699'395'200'000},
           {"+7d", 1'700'604'800'000},
           {"0", 0},
           {"1700000000000", 1'700'000'000'000},
           {"2023-11-14Z", 1'699'920'000'000},
           {"2023-11-14", 1'699'916'400'000},
           {"2023-11-14 22:13Z", 1'699'999'980'000},
           {"2023-11-14 23:13", 1'699'999'980'000},
           {"2023-11-14T22:13:20Z", 1'700'000'000'000},
           {"2023-11-14T22:13:20.500+00:00", 1'700'000'000'500},
           {"2023-07-01", 1'688'162'400'000},
           {"01.07.2023", 1'688'162'400'000},
           {"14.11.2023 23:13", 1'699'999'980'000},
           {"today", 1'699'916'400'000},
           {"yesterday", 1'699'830'000'000}}) {
    const auto at = parse_time(text, everything());
    ASSERT_TRUE(at) << text << ": " << at.error().detail;
    EXPECT_EQ(unix_ms(*at), ms) << text;
  }
}

TEST(Time, AnythingElseIsRefused) {
  for (const std::string_view text : {"",
                                      "-",
                                      "+",
                                      "-7",
                                      "-d",
                                      "--7d",
                                      "-7dd",
                                      "-7 d",
                                      "7d",
                                      "-99999999999999999999d",
                                      "-1000001d",
                                      "tomorrow",
                                      "Today",
                                      "1.7.2023",
                                      "32.07.2023",
                                      "01.07.23",
                                      "NOW",
                                      "now ",
                                      "1e12",
                                      "99999999999999999999",
                                      "17x",
                                      "2023-13-01",
                                      "2023-02-30Z",
                                      "2023-11-14 25:00",
                                      "2023-11-14 22:13:20 or so"}) {
    const auto at = parse_time(text, everything());
    ASSERT_FALSE(at) << text;
    EXPECT_EQ(at.error().code, ErrorCode::kBadParams);
    EXPECT_THAT(at.error().detail, AllOf(HasSubstr("--since is "), HasSubstr("ISO 8601"),
                                         HasSubstr("+7d"), HasSubstr("1700000000000")));
  }
}

TEST(Time, ACallerMayTakeAPartOfTheForms) {
  const TimeOptions plain{.name = "clock", .relative = Relative::kNone};
  for (const std::string_view text : {"now", "-7d", "+7d", "today", "1700000000000"}) {
    const auto at = parse_time(text, plain);
    ASSERT_FALSE(at) << text;
    EXPECT_THAT(at.error().detail, AllOf(HasSubstr("clock is"), Not(HasSubstr("before now")),
                                         Not(HasSubstr("milliseconds"))));
  }
  EXPECT_TRUE(parse_time("2025-06-18 10:00:00", plain));
  EXPECT_TRUE(parse_time("-7d", {.now = {.at = kNow}}));
  EXPECT_FALSE(parse_time("+7d", {.now = {.at = kNow}}));
}

TEST(Time, OutsideOfItsLimitsIsRefusedWithThem) {
  const auto why = [](std::string_view text, const TimeOptions& options) {
    const auto at = parse_time(text, options);
    return at ? std::string() : at.error().detail;
  };
  EXPECT_THAT(why("1969-12-31", {.name = "from"}),
              HasSubstr("from is \"1969-12-31\": must be a time from 1970-01-01T00:00:00Z to "));
  EXPECT_THAT(why("-1000000d", {.name = "from", .now = {.at = kNow}}), HasSubstr("1970"));
  EXPECT_THAT(why("2100-01-02", {.latest = TimePoint(Millis(4'102'444'800'000))}),
              HasSubstr("to 2100-01-01T00:00:00Z"));
  EXPECT_EQ(why("9999-12-31T23:59:59Z", {}), "");
}

TEST(Time, TimesAreReadBackAsPrinted) {
  const TimeOptions options = everything();
  EXPECT_EQ(parse_time(clock_text(kNow, options.now.zone), options), kNow);
  EXPECT_EQ(parse_time(iso_text(unix_ms(kNow), options.now.zone), options), kNow);
}

}  // namespace
}  // namespace gridloom::time
