// GET /metrics/home: names keep the rules of Prometheus' lint, what is not known is absent, and
// what is left out is told.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <ranges>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "own_api/home/home_metrics.h"
#include "own_api/test_own_api.h"
#include "own_api/v1/consumer_api.h"

namespace gridloom::api {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// What promtool's lint says against a gauge's name; empty: nothing.
std::string lint(std::string_view name) {
  static const std::set<std::string_view> kWrong = {
      "b",      "d",       "gb",     "h",      "kb",       "m",          "mb",        "ms",
      "ns",     "pb",      "s",      "sec",    "tb",       "us",         "counter",   "gauge",
      "hours",  "minutes", "days",   "weeks",  "bits",     "summary",    "histogram", "miles",
      "inches", "yards",   "ounces", "pounds", "calories", "fahrenheit", "rankine"};
  static constexpr std::array<std::string_view, 9> kBase = {
      "amperes", "bytes", "celsius", "grams", "joules", "kelvin", "meters", "seconds", "volts"};
  for (const auto part : std::views::split(name, '_')) {
    const std::string_view word(part);
    if (kWrong.contains(word)) return fmt::format("{} has the word {}", name, word);
    for (const std::string_view prefix : {"milli", "micro", "kilo", "mega", "centi", "deci"}) {
      for (const std::string_view unit : kBase) {
        if (word == fmt::format("{}{}", prefix, unit)) return fmt::format("{}: {}", name, word);
      }
    }
  }
  for (const std::string_view end : {"_total", "_count", "_sum", "_bucket"}) {
    if (name.ends_with(end)) return fmt::format("{} ends in {}", name, end);
  }
  const bool is_snake = std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  return is_snake ? std::string() : fmt::format("{} is no snake_case", name);
}

TEST(MetricNames, KeepTheRulesInAllFamilies) {
  std::set<std::string> names;
  for (const catalog::FamilyPtr& family : shipped_catalog()->families()) {
    const FamilyMetrics metrics(*family);
    for (const FieldMetric& metric : metrics.all()) {
      EXPECT_EQ(lint(metric.name), "") << metric.field->name;
      EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
      EXPECT_EQ(metrics.of(*metric.field), &metric);
      if (!metric.unit.name.empty()) EXPECT_THAT(metric.name, EndsWith(metric.unit.name));
    }
  }
  EXPECT_GT(names.size(), 1000U);
}

TEST(MetricNames, AreInBaseUnits) {
  struct Row {
    std::string_view field;
    std::string_view name;
    double factor;
  };
  const catalog::FamilyPtr& family = shipped_catalog()->of_serial(kSn);
  const FamilyMetrics metrics(*family);
  for (const Row& row :
       std::vector<Row>{{"pd.soc", "gridloom_delta_2_pd_soc_ratio", 0.01},
                        {"pd.wattsOutSum", "gridloom_delta_2_pd_watts_out_sum_watts", 1},
                        {"inv.outTemp", "gridloom_delta_2_inv_out_temp_celsius", 1}}) {
    const catalog::Field* field = family->field(row.field);
    ASSERT_NE(field, nullptr) << row.field;
    const FieldMetric* metric = metrics.of(*field);
    ASSERT_NE(metric, nullptr) << row.field;
    EXPECT_EQ(metric->name, row.name);
    EXPECT_EQ(metric->unit.factor, row.factor) << row.field;
  }
  EXPECT_EQ(metric_unit("kWh").factor, 3'600'000);
  EXPECT_EQ(metric_unit("min").name, "seconds");
  EXPECT_EQ(metric_unit("furlong").name, "");
}

class HomeMetricsTest : public OwnRoutesTest {
 protected:
  std::string metrics(std::string_view query = {}, std::string_view accept = {}) {
    return ask(api, query, accept);
  }
  std::string ask(Api& from, std::string_view query, std::string_view accept) {
    http::Request made = request(http::Method::kGet, "/metrics/home");
    made.query = query;
    made.headers[header::kAccept] = accept;
    sign_as(made, key_of("alice"));
    std::optional<http::Response> got;
    from.handle(std::move(made), [&](http::Response answer) { got = std::move(answer); });
    home.settle();
    if (!got) return "no answer";
    type = got->content_type;
    return whole_body(*got);
  }
  std::string type;
};

TEST_F(HomeMetricsTest, AFieldIsAGaugeWithItsDevice) {
  const std::string text = metrics();
  EXPECT_EQ(type, "text/plain; version=0.0.4");
  EXPECT_THAT(text, HasSubstr("\n# TYPE gridloom_delta_2_pd_soc_ratio gauge\n"
                              "gridloom_delta_2_pd_soc_ratio{sn=\"R331ZEB4ZEAL0528\",name=\""
                              "R331ZEB4ZEAL0528\"} 0.05\n"));
  EXPECT_THAT(text, HasSubstr("gridloom_device_online{sn=\"R331ZEB4ZEAL0528\",name=\""
                              "R331ZEB4ZEAL0528\",family=\"delta_2\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("gridloom_device_report_age_seconds{"));
  EXPECT_THAT(text, HasSubstr("\ngridloom_home_left_out_devices 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("gridloom_power_ocean_"))) << "it has never reported";
}

TEST_F(HomeMetricsTest, OpenMetricsHaveUnitsAndAnEnd) {
  const std::string text =
      metrics({}, "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2");
  EXPECT_THAT(type, StartsWith("application/openmetrics-text; version=1.0.0"));
  EXPECT_THAT(text, HasSubstr("\n# UNIT gridloom_delta_2_pd_soc_ratio ratio\n"));
  EXPECT_THAT(text, EndsWith("\n# EOF\n"));
}

TEST_F(HomeMetricsTest, EachMetricIsDescribedOnceAndStandsTogether) {
  home.add_device("R331TWO", "alice");
  const FakePtr second = home.connect_device("R331TWO", "two");
  home.report(second, "R331TWO", std::string(kReport));
  std::istringstream lines(metrics());
  std::set<std::string> described;
  std::string current;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      current = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(described.insert(current).second) << current;
    } else if (!line.starts_with('#')) {
      EXPECT_EQ(line.substr(0, line.find_first_of("{ ")), current) << line;
    }
  }
}

TEST_F(HomeMetricsTest, OldValuesAreAbsentAndTheirAgeIsNot) {
  home.clock.pass(overview::kOldValue + 1s);
  const std::string text = metrics();
  EXPECT_THAT(text, Not(HasSubstr("gridloom_delta_2_pd_soc_ratio")));
  EXPECT_THAT(text, HasSubstr("gridloom_device_report_age_seconds{sn=\"R331ZEB4ZEAL0528\",name=\""
                              "R331ZEB4ZEAL0528\"} 301\n"));
}

TEST_F(HomeMetricsTest, EnergiesAreCountersInJoules) {
  for (int minute = 0; minute <= 60; ++minute) {
    home.report(device, kSn,
                R"({"moduleType":5,"typeCode":"mpptStatus","params":{"inWatts":1000}})");
    home.clock.pass(1min);
  }
  const std::string text = metrics();
  EXPECT_THAT(text, HasSubstr("# TYPE gridloom_device_energy_joules_total counter\n"));
  EXPECT_THAT(text, HasSubstr(R"(flow="pv",epoch=")"));
  EXPECT_THAT(text, HasSubstr(R"(gridloom_home_energy_joules_total{quantity="sun",epoch=")"));
  EXPECT_THAT(metrics({}, "application/openmetrics-text"),
              HasSubstr("# TYPE gridloom_home_energy_joules counter\n"));
}

TEST_F(HomeMetricsTest, FieldsAndDevicesNarrowIt) {
  const std::string one = metrics("fields=pd.soc");
  EXPECT_THAT(
      one, AllOf(HasSubstr("gridloom_delta_2_pd_soc_ratio{"), Not(HasSubstr("pd_watts_out_sum"))));
  EXPECT_THAT(metrics("fields=pd.watts*"),
              AllOf(HasSubstr("pd_watts_out_sum_watts{"), Not(HasSubstr("pd_soc_ratio"))));
  const std::string ocean = metrics(fmt::format("devices={}", kOcean));
  EXPECT_THAT(ocean, AllOf(HasSubstr(kOcean), Not(HasSubstr(kSn))));
  EXPECT_THAT(metrics("fields=pd.none"), HasSubstr("fields has"));
  EXPECT_THAT(metrics("devices=NONE"), HasSubstr(R"("code":"8512")"));
  EXPECT_THAT(metrics("colour=red"), HasSubstr("colour"));
}

TEST_F(HomeMetricsTest, ADeviceBeyondTheLimitIsLeftOutWhole) {
  Services few = parts.services;
  few.metrics_fields = 1;
  ApiWithRoutes small({.hub = home.hub.get(), .loop = &home.client_loop}, few);
  const std::string text = ask(small, {}, {});
  EXPECT_THAT(text, AllOf(HasSubstr("\ngridloom_home_left_out_devices 1\n"),
                          HasSubstr("gridloom_device_online{"), Not(HasSubstr("pd_soc_ratio"))));
}

}  // namespace
}  // namespace gridloom::api
