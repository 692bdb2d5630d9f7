// Tests answers as text, from an archive whose rows are partly stored and partly in memory.
#include "own_api/history/series_answer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/schema/test_check.h"
#include "history/blocks/hours.h"
#include "history/series/series_request.h"
#include "history/test_archive.h"
#include "journal/batch.h"
#include "own_api/bodies/series.h"
#include "testing/clock.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"
#include "time/test_zone.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

using history::SeriesLimits;
using history::SeriesParameters;
using testing::HasSubstr;

constexpr std::int64_t kStart_ms = 1'793'534'400'000;  // 2026-11-01T12:00:00Z
constexpr TimePoint kNow{Millis(kStart_ms + 3 * history::kHour_ms)};

using Values = std::vector<std::pair<std::string_view, std::string_view>>;

class SeriesAnswerTest : public testing::Test {
 protected:
  SeriesAnswerTest() { open(); }
  void open() { archive_ = history::open_archive(folder_.data(), clock_, {}); }
  // Restarts the archive, so that everything is stored.
  void reopen() {
    archive_->stop();
    open();
  }
  void report(std::int64_t after_ms, const Values& values) {
    writer_.begin(1, kStart_ms + after_ms);
    for (const auto& [name, json] : values) writer_.add(name, json);
    writer_.end();
  }
  void keep() {
    std::promise<void> durable;
    archive_->append(journal::RecordKind::kReports, writer_.take(), [&] { durable.set_value(); });
    durable.get_future().wait();
  }
  Result<std::string> answer(const SeriesParameters& words, const SeriesLimits& limits = {}) {
    SeriesAnswer made(
        {.sn = "SN1",
         .device = 1,
         .request = must(history::series_request(words, {.at = kNow, .zone = zone_}, limits)),
         .limits = limits,
         .unit_of = [](std::string_view name) {
           if (name == "pd.soc") return FieldUnit{.unit = "%"};
           return name == "pd.list" ? FieldUnit{.unit = "W", .scale = 0.1} : FieldUnit();
         }});
    std::promise<Result<std::string>> promise;
    EXPECT_TRUE(archive_->read([&](history::Reader& reader) {
      std::string text;
      Status good;
      while (good && !made.done()) good = made.work(reader, text);
      if (good) return promise.set_value(std::move(text));
      promise.set_value(std::unexpected(good.error()));
    }));
    Result<std::string> text = promise.get_future().get();
    const bool is_small = text && text->size() < wire::JsonLimits().bytes;
    if (is_small && text->starts_with('{')) {
      EXPECT_THAT(
          schema::differences(must(wire::parse_json(*text)), schema::body_of<body::History>()),
          testing::IsEmpty())
          << *text;
    }
    return text;
  }

  TestClock clock_{kNow};
  time::TimeZone zone_{};
  TemporaryFolder folder_;
  std::unique_ptr<history::Archive> archive_;
  journal::BatchWriter writer_;
};

TEST_F(SeriesAnswerTest, RawValuesAreJsonAsItCame) {
  report(0, {{"pd.soc", "77"}, {"pd.name", "\"Küche \\\"1\\\"\""}, {"bms.soc", "1.50"}});
  report(5000, {{"pd.soc", "77.5"}, {"$online", "1"}});
  report(7250, {{"pd.list", "[1,2.50]"}});
  keep();
  const std::string expected =
      fmt::format(R"({{"sn":"SN1","from":{0},"to":{1},"series":[)"
                  R"({{"field":"pd.soc","unit":"%","points":[[{0},77],[{2},77.5]]}},)"
                  R"({{"field":"pd.list","unit":"W","scale":0.1,"points":[[{3},[1,2.50]]]}},)"
                  R"({{"field":"pd.name","points":[[{0},"Küche \"1\""]]}},)"
                  R"({{"field":"none","points":[]}}]}})",
                  kStart_ms, kStart_ms + 60'000, kStart_ms + 5000, kStart_ms + 7250);
  const SeriesParameters words{
      .fields = "pd.soc,pd.*,none", .from = "2026-11-01T12:00:00Z", .to = "2026-11-01T12:01:00Z"};
  EXPECT_EQ(must(answer(words)), expected);
  reopen();
  EXPECT_EQ(must(answer(words)), expected);
  EXPECT_THAT(must(answer({.fields = "$*", .from = "-1d"})), HasSubstr(R"("field":"$online")"));
}

TEST_F(SeriesAnswerTest, StepsHaveTheirAggregateAndGaps) {
  report(0, {{"pd.soc", "10"}});
  report(60'000, {{"pd.soc", "20"}});
  report(30 * 60'000, {{"pd.soc", "40.5"}});
  keep();
  EXPECT_EQ(
      must(answer({.fields = "pd.soc",
                   .from = "2026-11-01T12:00:00Z",
                   .to = "2026-11-01T12:45:00Z",
                   .step = "15m"})),
      fmt::format(R"({{"sn":"SN1","from":{0},"to":{1},"step":900000,"aggregate":"mean",)"
                  R"("series":[{{"field":"pd.soc","unit":"%","points":)"
                  R"([[{0},15],[{2},null],[{3},40.5]]}}]}})",
                  kStart_ms, kStart_ms + 2'700'000, kStart_ms + 900'000, kStart_ms + 1'800'000));
}

TEST_F(SeriesAnswerTest, CsvHasARowForEachTime) {
  zone_ = time::test_zone("CET-1CEST,M3.5.0,M10.5.0/3");
  report(0, {{"a", "1"}, {"b,c", R"("he said \"no\"")"}});
  report(1500, {{"a", "2.50"}});
  report(2000, {{"b,c", R"([1,"x"])"}});
  report(3000, {{"b,c", "\"line\\nbreak\""}});
  report(4000, {{"b,c", "\"plain\""}, {"a", "null"}});
  keep();
  const SeriesParameters words{.fields = "a,b*",
                               .from = "2026-11-01T12:00:00Z",
                               .to = "2026-11-01T12:01:00Z",
                               .format = "csv"};
  EXPECT_EQ(must(answer(words)),
            "time,a,\"b,c\",local_time\r\n"
            "2026-11-01T12:00:00Z,1,\"he said \"\"no\"\"\",2026-11-01T13:00:00+01:00\r\n"
            "2026-11-01T12:00:01.500Z,2.5,,2026-11-01T13:00:01+01:00\r\n"
            "2026-11-01T12:00:02Z,,\"[1,\"\"x\"\"]\",2026-11-01T13:00:02+01:00\r\n"
            "2026-11-01T12:00:03Z,,\"line\nbreak\",2026-11-01T13:00:03+01:00\r\n"
            "2026-11-01T12:00:04Z,null,plain,2026-11-01T13:00:04+01:00\r\n");
  EXPECT_EQ(must(answer({.fields = "a",
                         .from = "2026-11-01T12:00:00Z",
                         .to = "2026-11-01T12:20:00Z",
                         .step = "10m",
                         .format = "csv"})),
            "time,a,local_time\r\n"
            "2026-11-01T12:00:00Z,1.75,2026-11-01T13:00:00+01:00\r\n"
            "2026-11-01T12:10:00Z,,2026-11-01T13:10:00+01:00\r\n");
}

TEST_F(SeriesAnswerTest, CsvIsInTheUnitThatItsHeadingNames) {
  report(0, {{"pd.list", "290"}, {"pd.soc", "77.50"}});
  report(1000, {{"pd.list", "[1]"}});
  keep();
  const auto csv = [&](std::string_view step, std::string_view aggregate) {
    return must(answer({.fields = "pd.list,pd.soc",
                        .from = "2026-11-01T12:00:00Z",
                        .to = "2026-11-01T12:00:10Z",
                        .step = step,
                        .aggregate = aggregate,
                        .format = "csv"}));
  };
  EXPECT_EQ(csv("", ""),
            "time,pd.list [W],pd.soc [%],local_time\r\n"
            "2026-11-01T12:00:00Z,29,77.5,2026-11-01T12:00:00+00:00\r\n"
            "2026-11-01T12:00:01Z,[1],,2026-11-01T12:00:01+00:00\r\n");
  EXPECT_EQ(csv("10s", "max"),
            "time,pd.list [W],pd.soc "
            "[%],local_time\r\n2026-11-01T12:00:00Z,29,77.5,2026-11-01T12:00:00+00:00\r\n");
  EXPECT_EQ(
      csv("10s", "count"),
      "time,pd.list,pd.soc,local_time\r\n2026-11-01T12:00:00Z,2,1,2026-11-01T12:00:00+00:00\r\n");
  EXPECT_TRUE(csv("10s", "integral").starts_with("time,pd.list [Wh],pd.soc [%h],local_time\r\n"));
}

// Names and texts of devices are escaped; numbers stay numbers.
TEST_F(SeriesAnswerTest, CsvHasNothingThatASpreadsheetWouldRun) {
  report(0, {{"=cmd|x", "\"=HYPERLINK(\\\"a\\\",1)\""}, {"=n", "-1.5"}, {"=t", "\"+1+1\""}});
  report(1000, {{"=t", "\"@x\""}, {"=n", "\"-\""}});
  report(2000, {{"=t", "\"a=1\""}});
  keep();
  EXPECT_EQ(
      must(answer({.fields = "=*", .from = "2026-11-01T12:00:00Z", .format = "csv"})),
      "time,'=cmd|x,'=n,'=t,local_time\r\n"
      "2026-11-01T12:00:00Z,\"'=HYPERLINK(\"\"a\"\",1)\",-1.5,'+1+1,2026-11-01T12:00:00+00:00\r\n"
      "2026-11-01T12:00:01Z,,'-,'@x,2026-11-01T12:00:01+00:00\r\n"
      "2026-11-01T12:00:02Z,,,a=1,2026-11-01T12:00:02+00:00\r\n");
}

TEST_F(SeriesAnswerTest, CsvHasNothingThatATerminalWouldObey) {
  report(0, {{"a\x1b[31m", R"("\u001b[2J\u0007\u202egpj.exe")"}, {"b", "[\"\xe2\x80\xae\"]"}});
  keep();
  EXPECT_EQ(must(answer({.fields = "a*,b", .from = "2026-11-01T12:00:00Z", .format = "csv"})),
            "time,a?[31m,b,local_time\r\n"
            "2026-11-01T12:00:00Z,?[2J??gpj.exe,\"[\"\"?\"\"]\",2026-11-01T12:00:00+00:00\r\n");
}

TEST_F(SeriesAnswerTest, APlotHasFewPointsAndTheGapsBetweenThem) {
  for (std::int64_t i = 0; i < 1000; ++i) {
    // Two hours, with a silence of ten minutes in the middle.
    const std::int64_t silence_ms = i < 500 ? 0 : 600'000;
    report(i * 6000 + silence_ms, {{"a", i == 700 ? "99" : std::string(i % 2 == 0 ? "1" : "2")}});
  }
  keep();
  const auto text = must(answer({.fields = "a,none", .from = "-3h", .points = "20"}));
  const auto json = must(wire::parse_json(text));
  const auto& series = json.at("series").as_array();
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series[0].at("points").as_array().size(), 20U);
  EXPECT_THAT(text, HasSubstr(",99]"));
  EXPECT_TRUE(series[1].at("points").as_array().empty());
  const auto stepped = must(
      answer({.fields = "a", .from = "-3h", .step = "1m", .aggregate = "max", .points = "20"}));
  EXPECT_THAT(stepped, HasSubstr(",99]"));
  EXPECT_THAT(stepped, HasSubstr(fmt::format("[{},null]", kStart_ms + 50 * 60'000)));
}

TEST_F(SeriesAnswerTest, ManyFieldsAreReadInGroupsAndWrittenInOrder) {
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) names.push_back(fmt::format("f{:02}", i));
  for (std::int64_t minute = 0; minute < 170; ++minute) {
    Values values;
    for (const std::string& name : names) values.emplace_back(name, "5");
    report(minute * 60'000, values);
  }
  keep();
  // 10,802 points each, of which six fit in memory together.
  const auto text =
      must(answer({.fields = "f*", .from = "-3h", .step = "1s", .aggregate = "last"}));
  const auto json = must(wire::parse_json(text, {.bytes = text.size(), .keys = 1000}));
  const auto& series = json.at("series").as_array();
  ASSERT_EQ(series.size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(series[i].at("field").as_string(), names[i]);
    EXPECT_EQ(series[i].at("points").as_array().size(), 3U * 3600);
  }
}

TEST_F(SeriesAnswerTest, TooLargeAnswersAreRefusedWithAValidAlternative) {
  for (std::int64_t i = 0; i < 200; ++i) report(i * 10'000, {{"a", "1"}, {"b", "2"}});
  keep();
  const SeriesLimits limits{.names = 4, .fields = 1, .points = 100};
  struct Row {
    SeriesParameters words;
    std::string_view said;
  };
  for (const Row& row :
       std::vector<Row>{{{.fields = "*"}, "fields stands for 2 fields of this device: at most 1"},
                        {{.fields = "a", .step = "1m"}, "a step of 15m would be valid"},
                        {{.fields = "a"}, "more than 100 values"},
                        {{.fields = "a", .points = "101"}, "100 would be valid"}}) {
    const auto refused = answer(row.words, limits);
    ASSERT_FALSE(refused) << *refused;
    EXPECT_EQ(refused.error().code, ErrorCode::kBadParams);
    EXPECT_THAT(refused.error().detail, HasSubstr(row.said));
  }
  EXPECT_TRUE(answer({.fields = "a", .step = "15m"}, limits));
  EXPECT_TRUE(answer({.fields = "a", .points = "100"}, limits));
}

}  // namespace
}  // namespace gridloom::api
