#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bridges/mirror/device_values.h"
#include "testing/clock.h"
#include "testing/home.h"
#include "twin/twin.h"

namespace gridloom::bridges::mirror {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Moment kStart{std::chrono::hours(24)};
constexpr std::string_view kDelta2 = "R331ZEB4ZEAL0528";

struct Known {
  DeviceValues values{shipped_catalog()->of_serial(kDelta2)};
  OddityCounts oddities{};
  Moment now = kStart;

  std::optional<std::string> report(std::string_view payload) {
    return values.take_report(payload, now, kTestStart, oddities);
  }
  std::optional<std::string> soc(int value) {
    return report(
        fmt::format(R"({{"typeCode":"pdStatus","moduleType":1,"params":{{"soc":{}}}}})", value));
  }
  // "pd.soc=5" and so on.
  std::vector<std::string> snapshot(std::string_view data, bool was_silent = false) {
    const auto news = values.take_snapshot(must(wire::parse_json(data)),
                                           {.asked_at = now, .was_silent = was_silent}, oddities);
    std::vector<std::string> lines;
    for (const QuotaValue& each : news.values) lines.push_back(each.name + "=" + each.text);
    return lines;
  }
};

TEST(DeviceValues, ReportsPassAsTheyCome) {
  Known known;
  for (const std::string_view payload :
       {R"({"typeCode":"pdStatus","moduleType":1,"params":{"soc":50}})",
        R"( { "params" : {"pd.wattsOutSum": 1.50} } )", "no JSON", "[]", "{}"}) {
    EXPECT_EQ(known.report(payload), std::nullopt) << payload;
  }
}

TEST(DeviceValues, AnAnswerIsNewsWhereNoReportSaidIt) {
  Known known;
  known.soc(50);
  EXPECT_THAT(known.snapshot(R"({"pd.soc":49,"pd.beepMode":1})"), ElementsAre("pd.beepMode=1"));
  EXPECT_THAT(known.snapshot(R"({"pd.soc":49,"pd.beepMode":1.0})"), IsEmpty());
  EXPECT_THAT(known.snapshot(R"({"pd.soc":49,"pd.beepMode":0})"), ElementsAre("pd.beepMode=0"));
}

TEST(DeviceValues, AnAnswerIsNewerThanTheReportsOfASilentDevice) {
  Known known;
  known.soc(50);
  known.now += minutes(5);
  EXPECT_THAT(known.snapshot(R"({"pd.soc":49})", true), ElementsAre("pd.soc=49"));
  known.soc(48);
  // The report came while the answer was on its way.
  EXPECT_THAT(known.snapshot(R"({"pd.soc":49})", true), IsEmpty());
}

TEST(DeviceValues, AfterAnOutageAnAnswerIsNewer) {
  Known known;
  known.soc(50);
  known.values.session_ended();
  EXPECT_THAT(known.snapshot(R"({"pd.soc":40})"), ElementsAre("pd.soc=40"));
}

TEST(DeviceValues, AnAnswerAfterAnOutageIsNotFrozenIfTheValueIsBackAtWhatItWas) {
  Known known;
  EXPECT_THAT(known.snapshot(R"({"pd.soc":50})"), ElementsAre("pd.soc=50"));
  known.soc(49);
  known.values.session_ended();
  EXPECT_THAT(known.snapshot(R"({"pd.soc":50})"), ElementsAre("pd.soc=50"));
  EXPECT_EQ(known.oddities.of(Oddity::kFrozenSnapshot), 0U);
}

TEST(DeviceValues, NothingIsTakenFromAFrozenSnapshot) {
  Known known;
  EXPECT_THAT(known.snapshot(R"({"pd.soc":50,"pd.beepMode":1})"),
              ElementsAre("pd.soc=50", "pd.beepMode=1"));
  known.soc(49);
  for (int i = 1; i <= 3; ++i) {
    known.now += minutes(5);
    EXPECT_THAT(known.snapshot(R"({"pd.soc":50,"pd.beepMode":1})", true), IsEmpty());
    EXPECT_EQ(known.oddities.of(Oddity::kFrozenSnapshot), static_cast<std::uint32_t>(i));
  }
  // It thaws.
  known.now += minutes(5);
  EXPECT_THAT(known.snapshot(R"({"pd.soc":45,"pd.beepMode":1})", true), ElementsAre("pd.soc=45"));
  EXPECT_EQ(known.oddities.of(Oddity::kFrozenSnapshot), 3U);
}

TEST(DeviceValues, SpikesAreLeftOutAndCounted) {
  Known known;
  EXPECT_EQ(
      known.report(R"({"typeCode":"pdStatus","moduleType":1,"params":{"soc":4000,"beepMode":1}})"),
      R"({"typeCode":"pdStatus","moduleType":1,"params":{"beepMode":1}})");
  EXPECT_THAT(known.snapshot(R"({"pd.soc":-2000,"pd.model":3})"), ElementsAre("pd.model=3"));
  EXPECT_EQ(known.oddities.of(Oddity::kImplausibleValue), 2U);
}

TEST(DeviceValues, WrappingsAreTakenOff) {
  struct Case {
    std::string_view payload;
    std::string_view inner;
  };
  for (const auto& [payload, inner] : {
           Case{.payload = R"({"code":"0","data":{"typeCode":"pdStatus","params":{"soc":5}}})",
                .inner = R"({"typeCode":"pdStatus","params":{"soc":5}})"},
           Case{.payload = R"({"typeCode":"pdStatus","params":{"params":{"soc":5}}})",
                .inner = R"({"typeCode":"pdStatus","params":{"soc":5}})"},
           Case{.payload = R"({"id":1,"params":{"typeCode":"pdStatus","params":{"soc":5}}})",
                .inner = R"({"typeCode":"pdStatus","params":{"soc":5}})"},
       }) {
    Known known;
    EXPECT_EQ(known.report(payload), inner);
    EXPECT_EQ(known.oddities.of(Oddity::kDoubleWrapped), 1U) << payload;
  }
  for (const std::string_view data :
       {R"({"code":"0","message":"Success","data":{"pd.soc":5}})", R"({"data":{"pd.soc":5}})",
        R"({"sn":"R33","quotaMap":{"pd.soc":5}})"}) {
    Known known;
    EXPECT_THAT(known.snapshot(data), ElementsAre("pd.soc=5"));
    EXPECT_EQ(known.oddities.of(Oddity::kDoubleWrapped), 1U) << data;
  }
}

TEST(DeviceValues, NullIsNoDataAndTextsAreNumbers) {
  Known known;
  EXPECT_THAT(known.snapshot("null"), IsEmpty());
  EXPECT_THAT(known.snapshot(R"({"code":"0","data":null})"), IsEmpty());
  EXPECT_EQ(known.oddities.of(Oddity::kNullData), 2U);
  EXPECT_THAT(known.snapshot(R"({"pd.soc":"50","pd.notOfTheFile":"50"})"),
              ElementsAre("pd.soc=50", R"(pd.notOfTheFile="50")"));
  EXPECT_EQ(known.oddities.of(Oddity::kTextValue), 1U);
}

TEST(DeviceValues, WrongTimestampsAreCounted) {
  Known known;
  for (const std::int64_t off_s : {0, 299, -299, 301, -301, 1'000'000}) {
    known.report(fmt::format(R"({{"timestamp":{},"params":{{"a":1}}}})",
                             unix_ms(kTestStart) + off_s * 1000));
  }
  EXPECT_EQ(known.oddities.of(Oddity::kWrongTimestamp), 3U);
}

// A value that the field can have.
wire::Json value_of(const catalog::Field& field) {
  if (!field.values.empty()) return field.values.front().value;
  switch (field.type) {
    case catalog::FieldType::kString:
      return "text";
    case catalog::FieldType::kBool:
      return true;
    case catalog::FieldType::kArray:
      return wire::JsonArray{1, 2};
    case catalog::FieldType::kObject:
      return wire::JsonObject{{"a", 1}};
    case catalog::FieldType::kFloat:
      return field.range ? field.range->low + (field.range->high - field.range->low) / 4 : 7.25;
    default:
      return field.range ? static_cast<std::int64_t>(field.range->high) : 7;
  }
}

TEST(SnapshotReports, GiveATwinOfEachFamilyAllThatQuotaAllHas) {
  for (const auto& family : shipped_catalog()->families()) {
    const auto layout = std::make_shared<const twin::Layout>(family);
    twin::Twin vendors(layout);
    for (const auto& [name, field] : family->slot_names()) {
      vendors.replay_value(name, wire::to_text(value_of(*field)));
    }
    vendors.replay_value("module.notOfTheFile", "5");
    const auto all = vendors.quota_all();
    ASSERT_NE(all, nullptr);
    DeviceValues values(family);
    OddityCounts oddities;
    const auto news =
        values.take_snapshot(must(wire::parse_json(*all, {.keys = 100'000})), {}, oddities);
    twin::Twin ours(layout);
    twin::ReportReader reader;
    for (const std::string& report : reports_of(*family, news.values, kTestStart)) {
      EXPECT_TRUE(ours.apply(report, reader)) << report;
    }
    ASSERT_NE(ours.quota_all(), nullptr) << family->id;
    EXPECT_EQ(*ours.quota_all(), *all) << family->id;
  }
}

TEST(SnapshotReports, HaveTheEnvelopeOfTheFamily) {
  const auto family = shipped_catalog()->of_serial(kDelta2);
  const std::vector<QuotaValue> values{{.name = "pd.soc", .text = "5"},
                                       {.name = "elsewhere", .text = "true"}};
  EXPECT_THAT(reports_of(*family, values, kTestStart),
              testing::UnorderedElementsAre(
                  R"({"id":1700000000000,"version":"1.0","typeCode":"pdStatus","moduleType":1,)"
                  R"("params":{"soc":5}})",
                  R"({"id":1700000000000,"version":"1.0","params":{"elsewhere":true}})"));
}

}  // namespace

}  // namespace gridloom::bridges::mirror
