// Bridges as the configuration and the command line name them.
#include "bridges/configured.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "testing/must.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::bridges {
namespace {

constexpr std::string_view kInflux = "influx db account=home url=http://nas:8086 database=home ";

time::Now at_noon() {
  return {.at = TimePoint(Millis(1'700'000'000'000)), .zone = must(time::TimeZone::find("CET-1"))};
}

wire::Json setting(std::string_view name, const std::string& words) {
  const auto bridge = must(parse_configured(std::string(kInflux) + words, at_noon()));
  return must(wire::parse_json(bridge.settings.reveal())).get_object().at(name);
}

TEST(ConfiguredBridges, ATimeIsWrittenAsEverywhere) {
  struct Case {
    std::string text;
    std::int64_t at_ms = 0;
  };
  for (const Case& each :
       {Case{"1699999000000", 1'699'999'000'000}, Case{"-1h", 1'699'996'400'000},
        Case{"2023-11-14T22:00:00Z", 1'699'999'200'000},
        Case{"\"2023-11-14 23:00\"", 1'699'999'200'000}, Case{"2023-11-14", 1'699'916'400'000}}) {
    EXPECT_EQ(setting("since", "since=" + each.text), wire::Json(each.at_ms)) << each.text;
  }
  const auto wrong = parse_configured(std::string(kInflux) + "since=soon", at_noon());
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kBadParams);
  EXPECT_TRUE(wrong.error().detail.starts_with("since")) << wrong.error().detail;
}

TEST(ConfiguredBridges, AFileOfCertificatesIsTheSameFromAnyFolder) {
  const std::string here = (std::filesystem::current_path() / "tls/ca.pem").string();
  EXPECT_EQ(setting("ca", "ca=tls/ca.pem"), wire::Json(here));
  EXPECT_EQ(setting("ca", "ca=/etc/ca.pem"), wire::Json("/etc/ca.pem"));
}

}  // namespace
}  // namespace gridloom::bridges
