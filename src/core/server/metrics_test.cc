#include "server/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "testing/home.h"

namespace gridloom::server {
namespace {

using testing::HasSubstr;

TEST(Metrics, AreInPrometheusFormatAndComplete) {
  TestHome home;
  home.add_account("alice");
  home.add_device("R331TEST1", "alice");
  const FakePtr device = home.connect_device("R331TEST1");
  home.report(device, "R331TEST1", R"({"params":{"x":1}})");
  home.report(device, "R331TEST1", "nonsense");
  home.platform.client_events.record(
      {.kind = hub::ClientEvent::Kind::kSignInRefused, .reason = "a\"b\\c\nd"}, TimePoint{});
  const std::string text = metrics_text(home.platform, {.http = 3, .mqtt = 4}, {.log_bytes = 5});
  for (const char* line :
       {"# TYPE gridloom_reports_total counter", "gridloom_reports_total 2",
        "gridloom_reports_malformed_total 1", "gridloom_report_bytes_total 26",
        "# TYPE gridloom_devices_online gauge", "gridloom_devices_online 1", "gridloom_log_bytes 5",
        R"(gridloom_client_events_total{event="report refused",reason="malformed"} 1)",
        R"(gridloom_client_events_total{event="sign-in refused",reason="a\"b\\c\nd"} 1)",
        R"(gridloom_connections{door="http"} 3)", R"(gridloom_connections{door="mqtt"} 4)"}) {
    EXPECT_THAT(text, HasSubstr(std::string(line) + '\n'));
  }
  // Every line is a comment or a sample of a metric that was introduced before.
  std::istringstream lines(text);
  std::set<std::string> introduced;
  const std::regex sample(R"(^([a-z_]+)(\{([a-z]+="([^"\\]|\\.)*",?)+\})? [0-9]+$)");
  for (std::string each; std::getline(lines, each);) {
    std::smatch match;
    if (each.starts_with("# TYPE ")) {
      introduced.insert(each.substr(7, each.find(' ', 7) - 7));
    } else if (!each.starts_with("# HELP ")) {
      ASSERT_TRUE(std::regex_match(each, match, sample)) << each;
      EXPECT_TRUE(introduced.contains(match[1].str())) << each;
    }
  }
}

}  // namespace
}  // namespace gridloom::server
