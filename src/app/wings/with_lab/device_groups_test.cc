#include "with_lab/device_groups.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/home.h"
#include "sim/virtual_device.h"
#include "testing/catalog.h"
#include "testing/must.h"

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

// "PLUG@SITE" of each device; "-": it has a world of its own.
std::string houses_of(std::string_view groups) {
  std::vector<sim::Member> members;
  for (const auto& [family, count] : must(groups_of(groups, *shipped_catalog()))) {
    for (std::size_t i = 1; i <= count; ++i) {
      members.push_back({.family = family, .sn = sim::simulated_sn(*family, i), .key = {}});
    }
  }
  const sim::World::Options world{.seed = 7, .latitude_deg = 10, .yearly_kwh = 1234};
  const auto sites = share_houses(members, world);
  for (const sim::SiteOptions& site : sites) {
    EXPECT_TRUE(site.household);
    EXPECT_EQ(site.world.yearly_kwh, 1234);
    EXPECT_EQ(site.world.latitude_deg, 10);
  }
  std::string text;
  std::uint32_t supplied = 0;
  for (const sim::Member& member : members) {
    const auto plug = static_cast<int>(member.plug);
    text += member.site ? fmt::format("{}@{} ", plug, *member.site) : "- ";
    if (member.site != 0 || plug == static_cast<int>(catalog::Plug::kMeter)) continue;
    EXPECT_EQ(supplied & member.setup.circuits.value_or(0), 0U) << "a circuit has one supply";
    supplied |= member.setup.circuits.value_or(0);
  }
  return text;
}

TEST(DeviceGroups, DevicesWithoutAHomeFileShareHouses) {
  using catalog::Plug;
  EXPECT_EQ(static_cast<int>(Plug::kMeter), 0);
  EXPECT_EQ(static_cast<int>(Plug::kFeedIn), 1);
  EXPECT_EQ(static_cast<int>(Plug::kCircuit), 3);
  EXPECT_EQ(houses_of("delta_2=2,power_stream,smart_plug=3,power_ocean"),
            "3@0 3@0 1@0 3@0 3@0 3@0 0@0 ");
  EXPECT_EQ(houses_of("power_ocean=2,delta_2=3"), "0@0 0@1 3@0 3@1 3@0 ");
  EXPECT_EQ(houses_of("power_ocean=2,delta_2"), "0@0 - 3@0 ") << "the second is alone";
  EXPECT_EQ(houses_of("stream,smart_meter"), "0@0 0@0 ");
  EXPECT_EQ(houses_of("power_ocean"), "- ") << "as `gridloom simulate` without a server has it";
  EXPECT_EQ(houses_of("delta_2=2,power_stream"), "- - - ");
  EXPECT_EQ(houses_of("power_ocean,delta_2=30").size(), 31 * 4U) << "more than there are circuits";
}

}  // namespace
}  // namespace gridloom::app
