// Tests requests for history, as people and programs write them.
#include "history/series/series_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "history/blocks/test_lines.h"
#include "time/test_zone.h"

namespace gridloom::history {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kNow_ms = 1'793'534'400'000;  // 2026-11-01T12:00:00Z
constexpr TimePoint kNow{Millis(kNow_ms)};

Result<SeriesRequest> ask(const SeriesParameters& words) {
  return series_request(words, {.at = kNow, .zone = time::test_zone("Europe/Berlin")}, {});
}

TEST(SeriesRequest, ADayOfEveryValueIsWhatIsMeantWithoutAWord) {
  const auto request = ask({.fields = "pd.soc"});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->fields, (std::vector<std::string>{"pd.soc"}));
  EXPECT_EQ(request->from_ms, kNow_ms - kDay_ms);
  EXPECT_EQ(request->to_ms, kNow_ms + 1) << "with what came in this millisecond";
  EXPECT_EQ(request->step_ms, 0);
  EXPECT_EQ(request->aggregate, Aggregate::kMean);
  EXPECT_EQ(request->format, SeriesRequest::Format::kJson);
  EXPECT_EQ(request->points, 0U);
}

TEST(SeriesRequest, NowIsWithThisMillisecondButDoesNotBeginAStep) {
  EXPECT_EQ(ask({.fields = "a", .to = "now"})->to_ms, kNow_ms + 1);
  EXPECT_EQ(ask({.fields = "a", .to = "now", .step = "11m"})->to_ms, kNow_ms + 1);
  EXPECT_EQ(ask({.fields = "a", .to = "now", .step = "15m"})->to_ms, kNow_ms);
  EXPECT_EQ(ask({.fields = "a", .to = "2026-11-01T12:00:00Z"})->to_ms, kNow_ms);
}

TEST(SeriesRequest, EveryWordIsUnderstood) {
  const auto request = ask({.fields = "a,b.*,*",
                            .from = "-1w",
                            .to = "-1d",
                            .step = "15m",
                            .aggregate = "integral",
                            .format = "json",
                            .points = "500"});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->fields, (std::vector<std::string>{"a", "b.*", "*"}));
  EXPECT_EQ(request->from_ms, kNow_ms - 7 * kDay_ms);
  EXPECT_EQ(request->to_ms, kNow_ms - kDay_ms);
  EXPECT_EQ(request->step_ms, 900'000);
  EXPECT_EQ(request->aggregate, Aggregate::kIntegral);
  EXPECT_EQ(request->points, 500U);
  EXPECT_EQ(ask({.fields = "a", .format = "csv"})->format, SeriesRequest::Format::kCsv);
}

TEST(SeriesRequest, TimesAreSaidInManyWays) {
  const std::vector<std::pair<std::string_view, std::int64_t>> rows = {
      {"0", 0},
      {"1700000000000", 1'700'000'000'000},
      {"-90m", kNow_ms - 90 * 60'000},
      {"-10s", kNow_ms - 10'000},
      {"-4w", kNow_ms - 28 * kDay_ms},
      {"2026-11-01T11:00:00Z", kNow_ms - 3'600'000},
      {"2026-11-01 11:00:00Z", kNow_ms - 3'600'000},
      {"2026-11-01T11:00Z", kNow_ms - 3'600'000},
      {"2026-11-01T11:00:00.5Z", kNow_ms - 3'599'500},
      {"2026-11-01T11:00:00.125Z", kNow_ms - 3'599'875},
      {"2026-11-01T12:00:00+01:00", kNow_ms - 3'600'000},
      {"2026-11-01T12:00:00 01:00", kNow_ms - 3'600'000},  // a '+' that was decoded
      {"2026-11-01T12:00:00+0100", kNow_ms - 3'600'000},
      {"2026-11-01T05:30:00-05:30", kNow_ms - 3'600'000},
      {"2026-11-01T12:00:00", kNow_ms - 3'600'000},
      {"2026-07-01T02:00", 1'782'864'000'000},
      {"2026-07-01", 1'782'856'800'000},
  };
  for (const auto& [text, at_ms] : rows) {
    const auto request = ask({.fields = "a", .from = text});
    ASSERT_TRUE(request) << text << ": " << request.error().detail;
    EXPECT_EQ(request->from_ms, at_ms) << text;
  }
}

TEST(SeriesRequest, ErrorsNameTheParameterAndAValidValue) {
  struct Row {
    SeriesParameters words;
    std::string_view named;
    std::string_view right;
  };
  const std::string many = "a" + std::string(64, ',');
  const std::string names = "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a";
  std::vector<Row> rows = {
      {{.fields = ""}, "fields is missing", "pd.*"},
      {{.fields = many}, "fields is \"\"", "commas"},
      {{.fields = "pd.*.soc"}, "fields is \"pd.*.soc\"", "all that begin so"},
      {{.fields = names}, "fields has 33 names", "at most 32"},
      {{.fields = "a", .from = "now"}, "to is \"now\"", "behind from"},
      {{.fields = "a", .from = "-1h", .to = "-2h"}, "to is \"-2h\"", "behind from"},
      {{.fields = "a", .step = "15"}, "step is \"15\"", "15m"},
      {{.fields = "a", .step = "0m"}, "step is \"0m\"", "from 1s to 36600d"},
      {{.fields = "a", .step = "500ms"}, "step is \"500ms\"", "from 1s"},
      {{.fields = "a", .from = "1969-12-31T00:00:00Z"}, "from is", "from 1970-01-01T00:00:00Z"},
      {{.fields = "a", .step = "-1m"}, "step is \"-1m\"", "15m"},
      {{.fields = "a", .step = "36h"}, "step is \"36h\"", "whole days"},
      {{.fields = "a", .step = "9223372036854775807w"}, "step is", "15m"},
      {{.fields = "a", .step = "1h", .aggregate = "median"}, "aggregate is \"median\"", "mean,"},
      {{.fields = "a", .aggregate = "mean"}, "aggregate is \"mean\"", "needs a step"},
      {{.fields = "a", .format = "xml"}, "format is \"xml\"", "json or csv"},
      {{.fields = "a", .points = "2"}, "points is \"2\"", "from 3 to 10000"},
      {{.fields = "a", .points = "10001"}, "points is \"10001\"", "from 3 to 10000"},
      {{.fields = "a", .points = "x"}, "points is \"x\"", "from 3 to 10000"},
      {{.fields = "a", .format = "csv", .points = "9"}, "points is \"9\"", "json"},
  };
  for (const std::string_view time :
       {"lately", "-7", "--7d", "-7y", "+7d", "2026", "2026-13-01", "2026-02-29", "2026-11-1",
        "2026-11-01T", "2026-11-01T25:00", "2026-11-01T12:60", "2026-11-01T12:00:00+15:00",
        "2026-11-01T12:00:00ZZ", "2026-11-01T12:00:00.Z", "1e12", "17000000000000000000",
        "1700000000000ms"}) {
    // A year alone is read as a number of milliseconds.
    if (time == "2026") continue;
    rows.push_back({{.fields = "a", .from = time}, "from is", "ISO 8601"});
    rows.push_back({{.fields = "a", .from = "0", .to = time}, "to is", "-7d"});
  }
  for (const Row& row : rows) {
    const auto request = ask(row.words);
    ASSERT_FALSE(request) << row.named << ' ' << row.words.from;
    EXPECT_EQ(request.error().code, ErrorCode::kBadParams);
    EXPECT_THAT(request.error().detail, HasSubstr(row.named));
    EXPECT_THAT(request.error().detail, HasSubstr(row.right));
  }
}

}  // namespace
}  // namespace gridloom::history
