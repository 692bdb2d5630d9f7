// Zone files that exist, and zone files that do not.
#include "app/time_zone.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "testing/environment_variable.h"

namespace gridloom::app {
namespace {

TEST(TimeZone, AMissingZoneIsNamed) {
  const std::string empty = testing::TempDir();
  const EnvironmentVariable folder("TZDIR", empty.c_str());
  struct Row {
    const char* zone;
    bool warns;
  };
  for (const Row& row :
       {Row{"Europe/Berlin", true}, Row{":Europe/Berlin", true}, Row{"Etc/GMT+1", true},
        Row{"Nowhere", true}, Row{"", false}, Row{"UTC", false},
        Row{"CET-1CEST,M3.5.0,M10.5.0/3", false}, Row{"CET-1", false}, Row{"<+03>-3", false}}) {
    const EnvironmentVariable zone("TZ", row.zone);
    EXPECT_EQ(time_zone_warning().empty(), !row.warns) << row.zone;
    if (row.warns) EXPECT_NE(time_zone_warning().find("are UTC"), std::string::npos);
  }
}

TEST(TimeZone, TheSystemsZonesAndAnAdministratorsFolderComeFirst) {
  const EnvironmentVariable folder("TZDIR", "/somewhere");
  find_zone_files("/opt/gridloom/bin/gridloom");
  EXPECT_STREQ(std::getenv("TZDIR"), "/somewhere");
}

}  // namespace
}  // namespace gridloom::app
