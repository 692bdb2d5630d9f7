// The energy of a device over the API: periods, time spans, the response, and refusals.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "own_api/bodies/energy.h"
#include "own_api/test_energy.h"

namespace gridloom::api {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class EnergyTest : public EnergyApiTest {
 protected:
  std::string ask(std::string_view sn, std::string_view query, std::string_view as = "alice") {
    return EnergyApiTest::ask(fmt::format("/api/v1/devices/{}/energy", sn), query, as,
                              &schema::body_of<body::Energy>);
  }
};

// Reports of simulated hours, checked to the last watt-hour of the response.
TEST_F(EnergyTest, ADaysEnergyIsTheSumOfItsHours) {
  steady(kEnergyOcean, 2h, 3h, std::string(kSunny));
  steady(kEnergyOcean, 3h, 4h, std::string(kDark));
  const std::string data = ask(kEnergyOcean, "period=day");
  EXPECT_THAT(data, StartsWith(R"({"sn":"HJ31ZDH2ZF690025","period":"day",)"
                               R"("from":"2026-10-25T00:00:00+02:00",)"
                               R"("to":"2026-10-25T04:00:00+01:00","unit":"kWh",)"
                               R"("quantities":["pv","batteryIn","batteryOut","gridIn","gridOut",)"
                               R"("home","ev","heater","pvToEv","pvToHeater"],"buckets":[)"));
  const auto hours = buckets(data);
  ASSERT_EQ(hours.size(), 5);
  // Before the first report nothing is known, which is not 0.
  EXPECT_EQ(hours[1], R"({"from":"2026-10-25T01:00:00+02:00",)"
                      R"("to":"2026-10-25T02:00:00+02:00","unknown_s":3600})");
  // The hour that begins now.
  EXPECT_EQ(hours[4], R"({"from":"2026-10-25T03:00:00+01:00",)"
                      R"("to":"2026-10-25T04:00:00+01:00","unknown_s":0})");
  // At three o'clock the clock is set back to two: this hour occurs twice.
  EXPECT_THAT(hours[2], StartsWith(R"({"from":"2026-10-25T02:00:00+02:00",)"
                                   R"("to":"2026-10-25T02:00:00+01:00","unknown_s":0,"pv":3,)"));
  EXPECT_THAT(hours[3], StartsWith(R"({"from":"2026-10-25T02:00:00+01:00",)"
                                   R"("to":"2026-10-25T03:00:00+01:00","unknown_s":0,"pv":0,)"));
  EXPECT_THAT(hours[2],
              AllOf(HasSubstr(R"("selfSufficiency":1)"), HasSubstr(R"("selfConsumption":0.6667)")));
  EXPECT_THAT(hours[3],
              AllOf(HasSubstr(R"("selfSufficiency":0.5)"), Not(HasSubstr("selfConsumption"))));
  EXPECT_EQ(wire::to_text(must(wire::parse_json(data)).as_object().at("total")),
            R"({"unknown_s":7200,"pv":3,"batteryIn":0.5,"batteryOut":0.5,"gridIn":0.5,"gridOut":1,)"
            R"("home":2.5,"ev":0,"heater":0,"pvToEv":0,"pvToHeater":0,"selfSufficiency":0.8,)"
            R"("selfConsumption":0.6667})");
}

TEST_F(EnergyTest, PeriodsHaveTheirBuckets) {
  steady(kEnergyOcean, 2h, 3h, std::string(kSunny));
  struct Row {
    std::string_view query;
    std::size_t buckets;
    std::string_view from;
    std::string_view to;
  };
  for (const Row& row : std::vector<Row>{
           {"", 4, "2026-10-25T00:00:00+02:00", "2026-10-25T03:00:00+01:00"},
           {"period=week", 7, "2026-10-19T00:00:00+02:00", "2026-10-26T00:00:00+01:00"},
           {"period=month", 25, "2026-10-01T00:00:00+02:00", "2026-10-26T00:00:00+01:00"},
           {"period=year", 10, "2026-01-01T00:00:00+01:00", "2026-11-01T00:00:00+01:00"},
           {"period=year&from=2025-07-01&to=2026-11-01", 16, "2025-07-01T00:00:00+02:00",
            "2026-11-01T00:00:00+01:00"},
           {"from=2026-10-24", 24, "2026-10-24T00:00:00+02:00", "2026-10-25T00:00:00+02:00"},
           {"period=week&to=2026-10-19", 7, "2026-10-12T00:00:00+02:00",
            "2026-10-19T00:00:00+02:00"},
           {"from=1792886400000&to=1792888200001", 1, "2026-10-25T02:00:00+02:00",
            "2026-10-25T02:45:00+02:00"},
           {"from=2026-10-24T22:00Z&to=2026-10-25%2001:00", 1, "2026-10-25T00:00:00+02:00",
            "2026-10-25T01:00:00+02:00"},
           {"from=2026-10-27", 0, "2026-10-27T00:00:00+01:00", "2026-10-27T00:00:00+01:00"}}) {
    const std::string data = ask(kEnergyOcean, row.query);
    EXPECT_EQ(member_of(data, "from"), fmt::format("\"{}\"", row.from)) << row.query;
    EXPECT_EQ(member_of(data, "to"), fmt::format("\"{}\"", row.to)) << row.query;
    EXPECT_EQ(buckets(data).size(), row.buckets) << row.query;
  }
  // 297 days are in it, one of them an hour short in spring, and two hours of today.
  EXPECT_THAT(ask(kEnergyOcean, "period=year"),
              HasSubstr(fmt::format(R"("total":{{"unknown_s":{},"pv":3,)",
                                    297 * 86'400 - 3600 + 2 * 3600)));
}

TEST_F(EnergyTest, AGapOfADayIsUnknownAndNotZero) {
  steady(kEnergyOcean, 0h, 30min, std::string(kSunny));
  steady(kEnergyOcean, 3h, 3h + 15min, std::string(kSunny));
  home.clock.set(kMidnight + 3h + 18min);  // its next report is awaited
  const auto hours = buckets(ask(kEnergyOcean, "period=day"));
  ASSERT_EQ(hours.size(), 4U);
  EXPECT_THAT(hours[0], HasSubstr(R"("unknown_s":1800,"pv":1.5,)"));
  EXPECT_THAT(hours[1], HasSubstr(R"("unknown_s":3600})"));
  EXPECT_THAT(hours[3], HasSubstr(R"("unknown_s":0,"pv":0.75,)"));
  home.clock.set(kMidnight + 3h + 25min);
  EXPECT_THAT(buckets(ask(kEnergyOcean, "period=day"))[3],
              HasSubstr(R"("unknown_s":600,"pv":0.75,)"));
}

TEST_F(EnergyTest, IsComparedWithTheSpanBefore) {
  steady(kEnergyOcean, 2h, 3h, std::string(kSunny));
  home.clock.set(kMidnight + 31h);  // 6:00 on the day after
  const std::string data = ask(kEnergyOcean, "from=2026-10-26&compare=previous");
  EXPECT_EQ(buckets(data).size(), 7U);
  EXPECT_THAT(data, HasSubstr(R"("total":{"unknown_s":21600},"previous":{)"
                              R"("from":"2026-10-25T00:00:00+02:00",)"
                              R"("to":"2026-10-26T00:00:00+01:00","buckets":[)"));
  EXPECT_THAT(data, HasSubstr(R"("total":{"unknown_s":86400,"pv":3,)"));
  EXPECT_EQ(buckets(member_of(data, "previous")).size(), 25U);
}

TEST_F(EnergyTest, TheSpanBeforeIsAsLongInTheCalendar) {
  struct Row {
    std::string_view query;
    std::string_view from;
    std::string_view to;
  };
  for (const Row& row :
       std::vector<Row>{{"period=month", "2026-09-01T00:00:00+02:00", "2026-10-01T00:00:00+02:00"},
                        {"period=year", "2025-01-01T00:00:00+01:00", "2026-01-01T00:00:00+01:00"},
                        {"period=week", "2026-10-12T00:00:00+02:00", "2026-10-19T00:00:00+02:00"},
                        {"period=week&from=2026-10-19&to=2026-10-22", "2026-10-16T00:00:00+02:00",
                         "2026-10-19T00:00:00+02:00"},
                        {"from=2026-10-23T06:00&to=2026-10-23T09:00", "2026-10-23T03:00:00+02:00",
                         "2026-10-23T06:00:00+02:00"},
                        {"from=2026-10-23T22:15Z&to=2026-10-23T22:45Z", "2026-10-23T23:45:00+02:00",
                         "2026-10-24T00:15:00+02:00"}}) {
    const std::string before =
        member_of(ask(kEnergyOcean, fmt::format("{}&compare=previous", row.query)), "previous");
    EXPECT_EQ(member_of(before, "from"), fmt::format("\"{}\"", row.from)) << row.query;
    EXPECT_EQ(member_of(before, "to"), fmt::format("\"{}\"", row.to)) << row.query;
  }
}

// What the span before had by then, by a sum by hand: 3 kW at each moment that is reported.
TEST_F(EnergyTest, ASpanThatRunsIsComparedWithAsMuchOfTheOneBefore) {
  steady(kEnergyOcean, -744h, -744h + 30min, std::string(kSunny));  // 24 September, from midnight
  steady(kEnergyOcean, 2h, 4h, std::string(kSunny));                // 25 October, from 02:00+02:00
  struct Row {
    std::string_view why;
    Millis now;  // after midnight of 25 October
    std::string_view query;
    std::string_view to;
    double pv;  // less than 0: nothing is known
  };
  for (const Row& row : std::vector<Row>{
           {"a day", 28h + 22min, "period=day", "2026-10-25T03:22:00+01:00", 6},
           {"a quarter that runs", 27h + 20min, "period=day", "2026-10-25T02:20:00+02:00", 1},
           {"a moment", 27h + 36s, "period=day", "2026-10-25T02:00:36+02:00", 0.03},
           {"a day that begins at ten", 36h, "from=2026-10-26T10:00&to=2026-10-27T10:00",
            "2026-10-25T11:00:00+01:00", -1},
           {"the second 02:05", 3h + 5min, "period=day", "2026-10-24T02:05:00+02:00", -1},
           {"a week", 171h + 6min, "period=week", "2026-10-25T02:06:00+02:00", 0.3},
           {"a month", 26h + 30min, "period=month", "2026-09-26T01:30:00+02:00", 1.5},
           {"a longer month", 146h, "period=month", "2026-10-01T00:00:00+02:00", 1.5},
           {"a year", 365 * 24h + 5h, "period=year", "2026-10-25T05:00:00+01:00", 7.5}}) {
    home.clock.set(kMidnight + row.now);
    const std::string data = ask(kEnergyOcean, fmt::format("{}&compare=previous", row.query));
    const std::string so_far = member_of(member_of(data, "previous"), "soFar");
    EXPECT_EQ(member_of(so_far, "to"), fmt::format("\"{}\"", row.to)) << row.why;
    EXPECT_EQ(member_of(so_far, "pv"), row.pv < 0 ? "" : fmt::format("{}", row.pv)) << row.why;
  }
  EXPECT_THAT(ask(kEnergyOcean, "from=2026-10-25&to=2026-10-26&compare=previous"),
              Not(HasSubstr("soFar")))
      << "it is over";
}

TEST_F(EnergyTest, ADevicesOwnCountersCount) {
  const FakePtr device = home.connect_device(kEnergyDelta);
  for (int minute = 0; minute <= 60; ++minute) {
    home.clock.set(kMidnight + std::chrono::minutes(minute));
    home.report(
        device, kEnergyDelta,
        fmt::format(R"({{"moduleType":1,"typeCode":"pdStatus","params":{{"wattsOutSum":100,)"
                    R"("dsgPowerAC":{},"dsgPowerDC":0,"chgSunPower":{}}}}})",
                    8600 + 2 * minute, 4100 + minute));
    home.report(device, kEnergyDelta,
                R"({"moduleType":5,"typeCode":"mpptStatus","params":{"inWatts":500}})");
  }
  const std::string data = ask(kEnergyDelta, "");
  EXPECT_THAT(data, HasSubstr(R"("quantities":["pv","batteryIn","batteryOut","gridIn","home"])"));
  EXPECT_THAT(data, HasSubstr(R"("total":{"unknown_s":0,"pv":0.06,"batteryIn":0,"batteryOut":0,)"
                              R"("gridIn":0,"home":0.12,"selfSufficiency":1}})"));
}

TEST_F(EnergyTest, AFamilyWithoutPowersHasNoQuantities) {
  EXPECT_THAT(ask(kEnergyPanel, ""), HasSubstr(R"("quantities":[],)"));
}

TEST_F(EnergyTest, ErrorsNameTheParameter) {
  struct Row {
    std::string_view query;
    std::string_view says;
  };
  for (const Row& row : std::vector<Row>{
           {"period=hour", R"(period is \"hour\": must be day, week, month or year)"},
           {"compare=last", R"(compare is \"last\": must be previous)"},
           {"from=lately", R"(from is \"lately\": must be a time in ISO 8601 (2026-11-01)"},
           {"to=2026-02-29", R"(to is \"2026-02-29\": must be a time)"},
           {"from=-5", R"(from is \"-5\": must be a time)"},
           {"from=99999999999999",
            "must be a time from 1970-01-01T00:00:00Z to 2100-01-01T00:00:00Z"},
           {"from=2026-10-02&to=2026-10-01",
            "to is 2026-10-01T00:00:00+02:00: must be after from, which is 2026-10-02T00:00:00"},
           {"from=2026-10-02&to=2026-10-02", "must be after from"},
           {"from=2026-01-01&to=2026-10-01", "are over 1000 hours"}}) {
    EXPECT_THAT(ask(kEnergyOcean, row.query),
                AllOf(StartsWith(R"(200 {"code":"1008")"), HasSubstr(row.says)))
        << row.query;
  }
}

TEST_F(EnergyTest, IsForThoseWhoMayReadTheDevice) {
  EXPECT_THAT(ask(kEnergyOcean, "", "bob"), StartsWith(R"(200 {"code":"8512")"));
  EXPECT_THAT(ask("NOSUCH", ""), StartsWith(R"(200 {"code":"8512")"));
  home.share(kEnergyOcean, "bob", registry::Rights::kMonitor);
  EXPECT_THAT(ask(kEnergyOcean, "", "bob"), StartsWith(R"({"sn")"));
}

TEST_F(EnergyTest, TooManyRequestsOfAnAccountAreRefused) {
  busy = true;
  EXPECT_THAT(ask(kEnergyOcean, ""), AllOf(StartsWith("503 "), HasSubstr("ask again")));
}

}  // namespace
}  // namespace gridloom::api
