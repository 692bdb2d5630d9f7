// The energy of a device over the API: periods, time spans, the response, and refusals.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/api.h"
#include "api/bodies/energy.h"
#include "api/message/headers.h"
#include "api/schema/test_check.h"
#include "history/energy_query.h"
#include "history/test_archive.h"
#include "testing/home.h"
#include "time/test_zone.h"

namespace gridloom::api {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kOcean = "HJ31ZDH2ZF690025";
constexpr std::string_view kDelta = "R331ZEB4ZEAL0528";
constexpr std::string_view kPanel = "SP10ZAW5ZE9E0052";

// 2026-10-25: this day has 25 hours in the test's zone.
constexpr TimePoint kMidnight{std::chrono::seconds(1'792'879'200)};

class EnergyTest : public testing::Test {
 protected:
  EnergyTest() {
    home.platform.journal = &journal;
    home.platform.zone = time::test_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    home.add_account("alice");
    home.add_account("bob");
    for (const std::string_view sn : {kOcean, kDelta, kPanel}) home.add_device(sn, "alice");
    home.clock.set(kMidnight);
  }

  // Sends the same report every minute, including both ends, with times of its own: the last one of
  // a span and the first one of the next have the same.
  void steady(std::string_view sn, Millis from, Millis to, const std::string& report) {
    const FakePtr device = home.connect_device(sn);
    for (Millis at = from; at <= to; at += 1min) {
      home.clock.set(kMidnight + at);
      const std::int64_t at_ms = unix_ms(kMidnight + at);
      home.report(device, sn, fmt::format(R"({{"timestamp":{},{})", at_ms, report.substr(1)));
    }
  }
  // The text under `data`, or the whole refusal.
  std::string ask(std::string_view sn, std::string_view query, std::string_view as = "alice") {
    http::Request made;
    made.method = http::Method::kGet;
    made.path = fmt::format("/api/v1/devices/{}/energy", sn);
    made.query = query;
    const auto key = *home.registry->directory()->keys_of(home.account(as).id).at(0);
    made.headers[header::kAccessKey] = key.access_key;
    made.headers[header::kNonce] = "345164";
    made.headers[header::kTimestamp] = "1671171709428";
    auto mac = must(wire::KeyedMac::make(key.secret_key));
    made.headers[header::kSign] = must(wire::sign({.content_type = {},
                                                   .query = made.query,
                                                   .body = {},
                                                   .access_key = made.headers[header::kAccessKey],
                                                   .nonce = made.headers[header::kNonce],
                                                   .timestamp = made.headers[header::kTimestamp],
                                                   .sign = {}},
                                                  mac));
    std::optional<http::Response> answer;
    api.handle(std::move(made), [&](http::Response response) { answer = std::move(response); });
    home.settle();
    if (!answer) return "no answer";
    const std::string data = member_of(answer->body, "data");
    if (!data.empty()) {
      EXPECT_THAT(
          schema::differences(must(wire::parse_json(data)), schema::body_of<body::Energy>()),
          testing::IsEmpty())
          << data;
    }
    return data.empty() ? fmt::format("{} {}", answer->status, answer->body) : data;
  }
  static std::vector<std::string> buckets(const std::string& data) {
    const auto parsed = must(wire::parse_json(data));
    std::vector<std::string> all;
    for (const wire::Json& bucket : parsed.as_object().at("buckets").as_array()) {
      all.push_back(wire::to_text(bucket));
    }
    return all;
  }

  TestHome home;
  TestClock archive_clock{kMidnight};
  std::unique_ptr<history::Archive> archive = history::open_archive(
      home.folder.data(), archive_clock, history::hour_integrator_by([this](std::int64_t number) {
        return number == home.device(kOcean).number ? test_catalog()->of_serial(kOcean) : nullptr;
      }));
  history::InstantJournal journal{*archive};
  bool busy = false;
  Api api{{.hub = home.hub.get(), .loop = &home.client_loop, .reads = [this](auto task) {
             if (busy) return false;
             history::read_now(*archive, std::move(task));
             return true;
           }}};
};

constexpr std::string_view kSunny =
    R"({"typeCode":"energy","params":{"mpptPwr":3000,"bpPwr":500,"sysGridPwr":-1000,)"
    R"("sysLoadPwr":1500,"evPwr":0}})";
constexpr std::string_view kDark =
    R"({"typeCode":"energy","params":{"mpptPwr":0,"bpPwr":-500,"sysGridPwr":500,)"
    R"("sysLoadPwr":1000,"evPwr":0}})";

// Reports of simulated hours, checked to the last watt-hour of the response.
TEST_F(EnergyTest, ADaysEnergyIsTheSumOfItsHours) {
  steady(kOcean, 2h, 3h, std::string(kSunny));
  steady(kOcean, 3h, 4h, std::string(kDark));
  const std::string data = ask(kOcean, "period=day");
  EXPECT_THAT(data, StartsWith(R"({"sn":"HJ31ZDH2ZF690025","period":"day",)"
                               R"("from":"2026-10-25T00:00:00+02:00",)"
                               R"("to":"2026-10-25T04:00:00+01:00","unit":"kWh",)"
                               R"("quantities":["pv","batteryIn","batteryOut","gridIn","gridOut",)"
                               R"("home","ev","pvToEv"],"buckets":[)"));
  const auto hours = buckets(data);
  ASSERT_EQ(hours.size(), 5);
  // At three o'clock the clock is set back to two: this hour occurs twice.
  EXPECT_THAT(hours[2], StartsWith(R"({"from":"2026-10-25T02:00:00+02:00",)"
                                   R"("to":"2026-10-25T02:00:00+01:00","pv":3,)"));
  EXPECT_THAT(hours[3], StartsWith(R"({"from":"2026-10-25T02:00:00+01:00",)"
                                   R"("to":"2026-10-25T03:00:00+01:00","pv":0,)"));
  EXPECT_THAT(hours[2],
              AllOf(HasSubstr(R"("selfSufficiency":1)"), HasSubstr(R"("selfConsumption":0.6667)")));
  EXPECT_THAT(hours[3],
              AllOf(HasSubstr(R"("selfSufficiency":0.5)"), Not(HasSubstr("selfConsumption"))));
  EXPECT_EQ(wire::to_text(must(wire::parse_json(data)).as_object().at("total")),
            R"({"pv":3,"batteryIn":0.5,"batteryOut":0.5,"gridIn":0.5,"gridOut":1,)"
            R"("home":2.5,"ev":0,"pvToEv":0,"selfSufficiency":0.8,)"
            R"("selfConsumption":0.6667})");
}

TEST_F(EnergyTest, PeriodsHaveTheirBuckets) {
  steady(kOcean, 2h, 3h, std::string(kSunny));
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
    const std::string data = ask(kOcean, row.query);
    EXPECT_EQ(member_of(data, "from"), fmt::format("\"{}\"", row.from)) << row.query;
    EXPECT_EQ(member_of(data, "to"), fmt::format("\"{}\"", row.to)) << row.query;
    EXPECT_EQ(buckets(data).size(), row.buckets) << row.query;
  }
  EXPECT_THAT(ask(kOcean, "period=year"), HasSubstr(R"("total":{"pv":3,)"));
}

TEST_F(EnergyTest, ADevicesOwnCountersCount) {
  const FakePtr device = home.connect_device(kDelta);
  for (int minute = 0; minute <= 60; ++minute) {
    home.clock.set(kMidnight + std::chrono::minutes(minute));
    home.report(
        device, kDelta,
        fmt::format(R"({{"moduleType":1,"typeCode":"pdStatus","params":{{"wattsOutSum":100,)"
                    R"("dsgPowerAC":{},"dsgPowerDC":0,"chgSunPower":{}}}}})",
                    8600 + 2 * minute, 4100 + minute));
    home.report(device, kDelta,
                R"({"moduleType":5,"typeCode":"mpptStatus","params":{"inWatts":500}})");
  }
  const std::string data = ask(kDelta, "");
  EXPECT_THAT(data, HasSubstr(R"("quantities":["pv","batteryIn","batteryOut","gridIn","home"])"));
  EXPECT_THAT(data, HasSubstr(R"("total":{"pv":0.06,"batteryIn":0,"batteryOut":0,)"
                              R"("gridIn":0,"home":0.12,"selfSufficiency":1}})"));
}

TEST_F(EnergyTest, AFamilyWithoutPowersHasNoQuantities) {
  EXPECT_THAT(ask(kPanel, ""), HasSubstr(R"("quantities":[],)"));
}

TEST_F(EnergyTest, ErrorsNameTheParameter) {
  struct Row {
    std::string_view query;
    std::string_view says;
  };
  for (const Row& row : std::vector<Row>{
           {"period=hour", R"(period is \"hour\": must be day, week, month or year)"},
           {"from=yesterday", R"(from is \"yesterday\": must be a time in ISO 8601 (2026-11-01)"},
           {"to=2026-02-29", R"(to is \"2026-02-29\": must be a time)"},
           {"from=-5", R"(from is \"-5\": must be a time)"},
           {"from=99999999999999",
            "must be a time from 1970-01-01T00:00:00Z to 2100-01-01T00:00:00Z"},
           {"from=2026-10-02&to=2026-10-01",
            "to is 2026-10-01T00:00:00+02:00: must be after from, which is 2026-10-02T00:00:00"},
           {"from=2026-10-02&to=2026-10-02", "must be after from"},
           {"from=2026-01-01&to=2026-10-01", "are over 1000 hours"}}) {
    EXPECT_THAT(ask(kOcean, row.query),
                AllOf(StartsWith(R"(200 {"code":"1008")"), HasSubstr(row.says)))
        << row.query;
  }
}

TEST_F(EnergyTest, IsForThoseWhoMayReadTheDevice) {
  EXPECT_THAT(ask(kOcean, "", "bob"), StartsWith(R"(200 {"code":"8512")"));
  EXPECT_THAT(ask("NOSUCH", ""), StartsWith(R"(200 {"code":"8512")"));
  home.share(kOcean, "bob", registry::Rights::kMonitor);
  EXPECT_THAT(ask(kOcean, "", "bob"), StartsWith(R"({"sn")"));
}

TEST_F(EnergyTest, TooManyRequestsOfAnAccountAreRefused) {
  busy = true;
  EXPECT_THAT(ask(kOcean, ""), AllOf(StartsWith("503 "), HasSubstr("ask again")));
}

}  // namespace
}  // namespace gridloom::api
