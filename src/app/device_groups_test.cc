#include "app/device_groups.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace gridloom::app {
namespace {

TEST(DeviceGroups, ReadsHowManyDevicesOfWhichFamily) {
  using Groups = std::vector<std::pair<std::string, std::size_t>>;
  EXPECT_EQ(parse_groups("delta_2"), (Groups{{"delta_2", 1}}));
  EXPECT_EQ(parse_groups("delta_2=500,power_stream,power_ocean=20"),
            (Groups{{"delta_2", 500}, {"power_stream", 1}, {"power_ocean", 20}}));
}

TEST(DeviceGroups, RefusesWhatNamesNoCount) {
  for (const char* text : {"", ",", "delta_2=", "=5", "delta_2=0", "delta_2=-1", "delta_2=5x",
                           "delta_2=1000001", "delta_2=1.5", "delta_2=600000,power_ocean=600000"}) {
    const auto groups = parse_groups(text);
    ASSERT_FALSE(groups.has_value()) << text;
    EXPECT_EQ(groups.error().code, ErrorCode::kBadParams) << text;
    EXPECT_TRUE(groups.error().detail.contains("1000000")) << groups.error().detail;
  }
}

}  // namespace
}  // namespace gridloom::app
