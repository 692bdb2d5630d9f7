// Zones as TZ names them: files that exist, files that do not, and rules.
#include "app/process/local_zone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

namespace gridloom::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr TimePoint kWinter{std::chrono::seconds(1'768'000'000)};  // January 2026

std::string warning_of(std::string_view tz, const std::filesystem::path& folder) {
  return zone_of({.tz = std::string(tz), .folder = folder}).warning;
}

TEST(LocalZone, AMissingZoneIsNamed) {
  const std::string empty = testing::TempDir();
  for (const std::string_view missing : {"Europe/Berlin", ":Europe/Berlin", "Nowhere", "../etc"}) {
    EXPECT_THAT(warning_of(missing, empty), HasSubstr("local times are UTC")) << missing;
  }
  EXPECT_THAT(warning_of("Etc/GMT+1", empty), AllOf(HasSubstr("Etc/GMT+1"), HasSubstr(empty)));
  EXPECT_THAT(warning_of("/no/such/file", empty), HasSubstr("/no/such/file"));
  for (const std::string_view known :
       {"", ":", "UTC", "CET-1CEST,M3.5.0,M10.5.0/3", "CET-1", "<+03>-3"}) {
    EXPECT_EQ(warning_of(known, empty), "") << known;
  }
}

TEST(LocalZone, IsThatOfTheNameOrThePath) {
  using std::chrono::hours;
  const auto offset_of = [](std::string_view tz) {
    return zone_of({.tz = std::string(tz)}).zone.offset_at(kWinter);
  };
  EXPECT_EQ(offset_of("Europe/Berlin"), hours(1));
  EXPECT_EQ(offset_of(":Europe/Berlin"), hours(1));
  EXPECT_EQ(offset_of("/usr/share/zoneinfo/Asia/Tokyo"), hours(9));
  EXPECT_EQ(offset_of("CET-1CEST,M3.5.0,M10.5.0/3"), hours(1));
  EXPECT_EQ(offset_of(""), hours(0));
}

TEST(LocalZone, IsTheSystemsIfNothingIsSaid) {
  const auto zone_in = [](const char* file) { return zone_of({.system_zone = file}); };
  EXPECT_EQ(zone_in("/usr/share/zoneinfo/Asia/Tokyo").zone.offset_at(kWinter),
            std::chrono::hours(9));
  EXPECT_EQ(zone_in("/no/such/file").warning, "");
  EXPECT_EQ(zone_in("/no/such/file").zone.offset_at(kWinter), std::chrono::hours(0));
  EXPECT_THAT(zone_in("/etc/passwd").warning, HasSubstr("/etc/passwd is not a zone file"));
}

}  // namespace
}  // namespace gridloom::app
