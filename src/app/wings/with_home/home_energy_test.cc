#include "with_home/home_energy.h"

#include <gtest/gtest.h>

#include <memory>
#include <string_view>
#include <vector>

#include "testing/catalog.h"

namespace gridloom::app {
namespace {

DeviceEnergy device(std::string_view family, std::string_view answer) {
  const auto& catalog = shipped_catalog();
  return {.family = catalog->find(family), .answer = wire::parse_json(answer).value()};
}

TEST(HomeEnergy, IsNotTheSumOfTheDevices) {
  const std::vector<DeviceEnergy> devices = {
      device("power_ocean", R"({"period":"day","from":"A","to":"C",
        "buckets":[{"from":"A","to":"B","pv":3,"batteryIn":1,"batteryOut":0,"gridIn":0.5,
                    "gridOut":0,"ev":1.25}],
        "total":{"pv":3,"batteryIn":1,"batteryOut":0,"gridIn":0.5,"gridOut":0,"ev":1.25}})"),
      device("delta_2", R"({"period":"day","from":"A","to":"C",
        "buckets":[{"from":"A","to":"B","pv":0.2,"batteryIn":0.3,"batteryOut":0.1,"gridIn":0.4,
                    "home":0.4},
                   {"from":"B","to":"C"}],
        "total":{"pv":0.2,"batteryIn":0.3,"batteryOut":0.1,"gridIn":0.4,"home":0.4}})")};
  const wire::JsonObject home = home_energy_of(devices);
  EXPECT_EQ(home.at("period"), "day");
  const wire::JsonArray& buckets = home.at("buckets").as_array();
  ASSERT_EQ(buckets.size(), 2U);
  const wire::JsonObject& known = buckets[0].as_object();
  const struct {
    std::string_view name;
    double number;
  } rows[] = {{"sun_kwh", 3.2},        {"batteryIn_kwh", 1.3},         {"batteryOut_kwh", 0.1},
              {"gridImport_kwh", 0.5}, {"gridExport_kwh", 0},          {"home_kwh", 2.5},
              {"car_kwh", 1.25},       {"selfSufficiency_percent", 80}};
  for (const auto& row : rows) {
    EXPECT_DOUBLE_EQ(known.at(row.name).to_number<double>(), row.number)
        << row.name << ": what the power station draws is in the meter's figure";
  }
  EXPECT_FALSE(known.contains("heat_kwh")) << "no device measures it";
  EXPECT_EQ(wire::to_text(buckets[1]), R"({"from":"B","to":"C"})") << "nothing is known of it";
  EXPECT_DOUBLE_EQ(home.at("total").at("home_kwh").to_number<double>(), 2.5);
}

TEST(HomeEnergy, OfNoDevicesIsEmpty) { EXPECT_TRUE(home_energy_of({}).empty()); }

}  // namespace
}  // namespace gridloom::app
