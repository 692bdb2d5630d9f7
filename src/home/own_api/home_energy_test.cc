// The energies and the powers of a home over the API: known energies, also of a day of 25 hours,
// hours of which nothing is known, and a device that joined at noon.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "own_api/bodies/energy.h"
#include "own_api/bodies/series.h"
#include "own_api/test_energy.h"

namespace gridloom::api {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class HomeEnergyTest : public EnergyApiTest {
 protected:
  std::string energy(std::string_view query, std::string_view as = "alice") {
    return ask("/api/v1/home/energy", query, as, &schema::body_of<body::HomeEnergy>);
  }
  std::string series(std::string_view query, std::string_view as = "alice") {
    return ask("/api/v1/home/series", query, as, &schema::body_of<body::HomeSeries>);
  }
  static std::string total(const std::string& data) { return member_of(data, "total"); }
};

constexpr std::string_view kCharging =
    R"({"moduleType":5,"typeCode":"mpptStatus","params":{"inWatts":200}})";
constexpr std::string_view kHalfFull =
    R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":50}})";

TEST_F(HomeEnergyTest, ADayOf25HoursHasTheEnergiesOfItsDevices) {
  steady(kEnergyOcean, 2h, 3h, std::string(kSunny));
  steady(kEnergyOcean, 3h, 4h, std::string(kDark));
  home.clock.set(kMidnight + 24h + 59min);
  const std::string data = energy("period=day");
  EXPECT_THAT(data, StartsWith(R"({"period":"day","from":"2026-10-25T00:00:00+02:00",)"
                               R"("to":"2026-10-26T00:00:00+01:00","quantities":["sun",)"
                               R"("batteryIn","batteryOut","gridImport","gridExport","home",)"
                               R"("car","heat"],"buckets":[)"));
  const auto hours = buckets(data);
  ASSERT_EQ(hours.size(), 25U);
  EXPECT_EQ(hours[1], R"({"from":"2026-10-25T01:00:00+02:00","to":"2026-10-25T02:00:00+02:00",)"
                      R"("unknown_s":3600,"atLeast":true})");
  EXPECT_EQ(hours[2], R"({"from":"2026-10-25T02:00:00+02:00","to":"2026-10-25T02:00:00+01:00",)"
                      R"("unknown_s":0,"atLeast":true,"sun_kwh":3,"batteryIn_kwh":0.5,)"
                      R"("batteryOut_kwh":0,"gridImport_kwh":0,"gridExport_kwh":1,)"
                      R"("home_kwh":1.5,"car_kwh":0,"heat_kwh":0,"selfSufficiency_percent":100,)"
                      R"("selfConsumption_percent":66.7})");
  EXPECT_EQ(total(data), R"({"unknown_s":82740,"atLeast":true,"sun_kwh":3,"batteryIn_kwh":0.5,)"
                         R"("batteryOut_kwh":0.5,"gridImport_kwh":0.5,"gridExport_kwh":1,)"
                         R"("home_kwh":2.5,"car_kwh":0,"heat_kwh":0,"selfSufficiency_percent":80,)"
                         R"("selfConsumption_percent":66.7})");
  EXPECT_THAT(data, AllOf(HasSubstr(fmt::format(
                              R"({{"sn":"{}","unknown_s":82740,"damaged":false}})", kEnergyOcean)),
                          HasSubstr(fmt::format(
                              R"({{"sn":"{}","unknown_s":89940,"damaged":false}})", kEnergyDelta)),
                          Not(HasSubstr(kEnergyPanel))))
      << "a panel measures no energy, so nothing of it is missing";
}

TEST_F(HomeEnergyTest, ADeviceThatJoinedAtNoonIsNotKnownBefore) {
  steady(kEnergyOcean, 0h, 14h, std::string(kSunny));
  const FakePtr device = home.connect_device(kEnergyDelta);
  for (Millis at = 12h; at <= 14h; at += 1min) {
    home.clock.set(kMidnight + at);
    home.report(device, kEnergyDelta, std::string(kCharging));
  }
  const std::string data = energy("period=day");
  const auto hours = buckets(data);
  ASSERT_EQ(hours.size(), 15U);
  EXPECT_THAT(hours[11], HasSubstr(R"("unknown_s":0,"atLeast":true,"sun_kwh":3,)"));
  EXPECT_THAT(hours[12], HasSubstr(R"("unknown_s":0,"atLeast":false,"sun_kwh":3.2,)"));
  EXPECT_EQ(member_of(data, "unknown"),
            fmt::format(R"([{{"sn":"{}","unknown_s":43200,"damaged":false}}])", kEnergyDelta));
  EXPECT_THAT(total(data), HasSubstr(R"("sun_kwh":42.4,)"));
}

TEST_F(HomeEnergyTest, IsComparedWithTheSpanBefore) {
  steady(kEnergyOcean, 2h, 3h, std::string(kSunny));
  home.clock.set(kMidnight + 31h);
  const std::string data = energy("from=2026-10-26&compare=previous");
  EXPECT_EQ(buckets(data).size(), 7U);
  EXPECT_EQ(total(data), R"({"unknown_s":21600,"atLeast":true})");
  const std::string before = member_of(data, "previous");
  EXPECT_EQ(member_of(before, "from"), R"("2026-10-25T00:00:00+02:00")");
  EXPECT_EQ(buckets(before).size(), 25U);
  EXPECT_THAT(total(before), HasSubstr(R"("unknown_s":86400,"atLeast":true,"sun_kwh":3,)"));
  EXPECT_THAT(data, HasSubstr(fmt::format(R"({{"sn":"{}","unknown_s":21600,)", kEnergyOcean)))
      << "of the span that is asked for";
}

TEST_F(HomeEnergyTest, TheDayCurveIsTheMeanOfEachStep) {
  const FakePtr station = home.connect_device(kEnergyDelta);
  home.clock.set(kMidnight + 2h);
  home.report(station, kEnergyDelta, std::string(kHalfFull));
  steady(kEnergyOcean, 2h, 2h + 20min, std::string(kSunny));
  home.clock.set(kMidnight + 2h + 21min);
  EXPECT_EQ(series("from=2026-10-25T01:45%2B02:00&step=15m"),
            fmt::format(R"({{"from":{},"to":{},"step":900000,"times":[{},{},{}],)"
                        R"("powers_w":{{"sun":[null,3000,3000],"battery":[null,500,500],)"
                        R"("grid":[null,-1000,-1000],"home":[null,1500,1500],"car":[null,0,0],)"
                        R"("heat":[null,0,0]}},)"
                        R"("charge_percent":[null,50,null],)"
                        R"("unknown":[{{"sn":"{}","unknown_s":900,"damaged":false}},)"
                        R"({{"sn":"{}","unknown_s":2160,"damaged":false}}]}})",
                        unix_ms(kMidnight + 105min), unix_ms(kMidnight + 150min),
                        unix_ms(kMidnight + 105min), unix_ms(kMidnight + 120min),
                        unix_ms(kMidnight + 135min), kEnergyOcean, kEnergyDelta));
}

TEST_F(HomeEnergyTest, DevicesThatAreNamedAreEachAnsweredByThemselves) {
  const FakePtr station = home.connect_device(kEnergyDelta);
  home.clock.set(kMidnight + 2h);
  home.report(station, kEnergyDelta, std::string(kHalfFull));
  steady(kEnergyOcean, 2h, 2h + 20min, std::string(kSunny));
  home.clock.set(kMidnight + 2h + 21min);
  const std::string query = "from=2026-10-25T01:45%2B02:00&step=15m&devices=";
  const std::string both = series(fmt::format("{}{},{}", query, kEnergyDelta, kEnergyOcean));
  EXPECT_THAT(member_of(both, "powers_w"), StartsWith(R"({"sun":[null,3000,3000],)"));
  const auto rows = must(wire::parse_json(member_of(both, "devices")));
  ASSERT_EQ(rows.as_array().size(), 2U);
  EXPECT_THAT(wire::to_text(rows.as_array()[0]),
              AllOf(StartsWith(fmt::format(R"({{"sn":"{}","powers_w":{{"sun":[null,null,null],)",
                                           kEnergyDelta)),
                    HasSubstr(R"("charge_percent":[null,50,null])")));
  EXPECT_THAT(wire::to_text(rows.as_array()[1]),
              StartsWith(fmt::format(R"({{"sn":"{}","powers_w":{{"sun":[null,3000,3000],)"
                                     R"("battery":[null,500,500],"grid":[null,-1000,-1000],)"
                                     R"("home":[null,1500,1500],"car":[null,0,0],)"
                                     R"("heat":[null,0,0]}})",
                                     kEnergyOcean)));
  const std::string one = series(fmt::format("{}{}", query, kEnergyDelta));
  EXPECT_THAT(member_of(one, "powers_w"), StartsWith(R"({"sun":[null,null,null],)"))
      << "the home has the device that is named alone";
  EXPECT_THAT(member_of(series("from=-1h"), "devices"), testing::IsEmpty());
}

TEST_F(HomeEnergyTest, ADeviceThatTheAccountMayNotReadIsNoDevice) {
  const std::string theirs = series(fmt::format("devices={}", kEnergyOcean), "bob");
  EXPECT_THAT(theirs, AllOf(StartsWith("200 {"), HasSubstr(R"("code":"8512")"),
                            Not(HasSubstr("powers_w"))));
  EXPECT_THAT(series("devices=NOBODY", "bob"),
              AllOf(StartsWith("200 {"), HasSubstr(R"("code":"8512")")));
  home.share(kEnergyOcean, "bob", registry::Rights::kMonitor);
  EXPECT_THAT(series(fmt::format("devices={}", kEnergyOcean), "bob"),
              HasSubstr(fmt::format(R"("devices":[{{"sn":"{}",)", kEnergyOcean)));
}

TEST_F(HomeEnergyTest, StepsAreThoseOfTheCalendar) {
  home.clock.set(kMidnight + 48h);
  struct Row {
    std::string_view query;
    std::size_t steps;
  };
  for (const Row& row : std::vector<Row>{{"", 96},
                                         {"from=2026-10-25&to=2026-10-26&step=1h", 25},
                                         {"from=2026-10-24&to=2026-10-26&step=1d", 2},
                                         {"from=-1h&to=2026-10-28&step=30m", 3},
                                         {"from=2026-11-05&to=2026-11-06", 0}}) {
    const std::string times = member_of(series(row.query), "times");
    const auto parsed = must(wire::parse_json(times));
    EXPECT_EQ(parsed.as_array().size(), row.steps) << row.query;
  }
}

TEST_F(HomeEnergyTest, ErrorsNameTheParameter) {
  struct Row {
    std::string answer;
    std::string_view says;
  };
  for (const Row& row : std::vector<Row>{
           {energy("period=hour"), R"(period is \"hour\": must be day, week, month or year)"},
           {energy("compare=last"), R"(compare is \"last\": must be previous)"},
           {series("step=5m"), R"(step is \"5m\": must be whole quarters of an hour)"},
           {series("step=25h"), R"(step is \"25h\": must be whole days)"},
           {series("from=lately"), R"(from is \"lately\": must be a time in ISO 8601)"},
           {series("to=2026-10-01"), "to is not after from"},
           {series("devices=A,,B"), R"(devices is \"A,,B\": must be serial numbers, separated)"},
           {series("devices=A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P,Q"), "at most 16"},
           {series("from=2025-10-01&to=2026-10-01"), "have more than 10000 steps of 15m"}}) {
    EXPECT_THAT(row.answer, AllOf(StartsWith(R"(200 {"code":"1008")"), HasSubstr(row.says)));
  }
}

TEST_F(HomeEnergyTest, TheHomeIsOfTheDevicesThatTheAccountMayRead) {
  steady(kEnergyOcean, 2h, 3h, std::string(kSunny));
  EXPECT_THAT(energy("", "bob"), HasSubstr(R"("quantities":[],)"));
  EXPECT_THAT(series("", "bob"), HasSubstr(R"("powers_w":{}})"));
  home.share(kEnergyOcean, "bob", registry::Rights::kMonitor);
  EXPECT_THAT(total(energy("", "bob")), HasSubstr(R"("sun_kwh":3,)"));
  EXPECT_THAT(series("from=-1h&step=1h", "bob"), HasSubstr(R"("sun":[3000])"));
}

TEST_F(HomeEnergyTest, TooManyRequestsOfAnAccountAreRefused) {
  busy = true;
  EXPECT_THAT(energy(""), AllOf(StartsWith("503 "), HasSubstr("ask again")));
  EXPECT_THAT(series(""), AllOf(StartsWith("503 "), HasSubstr("ask again")));
}

}  // namespace
}  // namespace gridloom::api
