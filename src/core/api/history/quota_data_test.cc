// The list of quota/data: each kind of index, its rounding, and its edge cases.
#include "api/history/quota_data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/home.h"

namespace gridloom::api {
namespace {

using history::Energies;
using history::EnergyFlow;

Energies energies(const std::vector<std::pair<EnergyFlow, double>>& some) {
  Energies wh;
  for (const auto& [flow, value] : some) wh.of(flow) = value;
  return wh;
}

std::string value_of(const catalog::Index& index, const Energies& wh) {
  std::string list = history_list({.code = "CODE", .indexes = {index}}, wh);
  const auto parsed = wire::parse_json(list);
  if (!parsed || !parsed->is_array() || parsed->get_array().size() != 1) return list;
  return wire::to_text(parsed->get_array()[0].as_object().at("indexValue"));
}

catalog::Index counter_index(std::string_view counter) {
  return {.name = "n",
          .unit = "kWh",
          .counter = std::string(counter),
          .share_of = {},
          .share_in = {},
          .extra = {}};
}

catalog::Index share_index(double times) {
  return {.name = "n",
          .unit = "%",
          .counter = {},
          .share_of = "grid_in",
          .share_in = "load",
          .times = times,
          .extra = {}};
}

TEST(QuotaData, AnswersNameValueAndUnitInTheFilesOrder) {
  const std::string list =
      history_list({.code = "CODE", .indexes = {counter_index("pv"), counter_index("load")}},
                   energies({{EnergyFlow::kPv, 32'270}, {EnergyFlow::kLoad, 5}}));
  EXPECT_EQ(list, R"([{"indexName":"n","indexValue":32.27,"unit":"kWh"},)"
                  R"({"indexName":"n","indexValue":0.01,"unit":"kWh"}])");
}

TEST(QuotaData, CountersAreKilowattHoursWithTwoDecimals) {
  const std::vector<std::pair<double, std::string_view>> rows = {
      {0, "0"}, {4.9, "0"}, {5, "0.01"}, {999.9, "1"}, {1234, "1.23"}, {123'456'789, "123456.79"}};
  for (const auto& [wh, expected] : rows) {
    EXPECT_EQ(value_of(counter_index("grid_in"), energies({{EnergyFlow::kGridIn, wh}})), expected)
        << wh;
  }
}

TEST(QuotaData, EveryCounterOfTheDeviceFilesIsAnEnergyFlow) {
  const std::vector<std::pair<std::string_view, EnergyFlow>> rows = {
      {"pv", EnergyFlow::kPv},
      {"battery_in", EnergyFlow::kBatteryIn},
      {"battery_out", EnergyFlow::kBatteryOut},
      {"grid_in", EnergyFlow::kGridIn},
      {"grid_out", EnergyFlow::kGridOut},
      {"load", EnergyFlow::kLoad},
      {"ev", EnergyFlow::kEv},
      {"heater", EnergyFlow::kHeater},
      {"heatpump", EnergyFlow::kHeatpump},
      {"pv_to_ev", EnergyFlow::kPvToEv},
      {"pv_to_heater", EnergyFlow::kPvToHeater},
      {"pv_to_heatpump", EnergyFlow::kPvToHeatpump}};
  ASSERT_EQ(rows.size(), history::kEnergyFlows);
  for (const auto& [name, counter] : rows) {
    EXPECT_EQ(value_of(counter_index(name), energies({{counter, 7000}})), "7") << name;
  }
}

TEST(QuotaData, AShareIsAFractionOrItsRemainder) {
  const auto wh = energies({{EnergyFlow::kGridIn, 250}, {EnergyFlow::kLoad, 1000}});
  catalog::Index index = share_index(1);
  EXPECT_EQ(value_of(index, wh), "0.25");
  index.remainder = true;
  EXPECT_EQ(value_of(index, wh), "0.75");
  index.times = 100;
  EXPECT_EQ(value_of(index, wh), "75");
}

TEST(QuotaData, AShareStaysBetweenNothingAndAll) {
  catalog::Index index = share_index(100);
  EXPECT_EQ(value_of(index, energies({{EnergyFlow::kGridIn, 5}})), "0");  // the total is zero
  EXPECT_EQ(value_of(index, energies({{EnergyFlow::kGridIn, 1500}, {EnergyFlow::kLoad, 1000}})),
            "100");
  index.remainder = true;
  EXPECT_EQ(value_of(index, energies({{EnergyFlow::kGridIn, 1500}, {EnergyFlow::kLoad, 1000}})),
            "0");
  EXPECT_EQ(value_of(index, energies({{EnergyFlow::kLoad, 1000}})), "100");
}

TEST(QuotaData, ThePowerOceanAnswersAllIndexesOfItsDocument) {
  const catalog::FamilyPtr ocean = shipped_catalog()->of_serial("HJ31ZDH2ZF690025");
  ASSERT_EQ(ocean->histories.size(), 1U);
  const auto parsed = wire::parse_json(history_list(ocean->histories[0], {}));
  ASSERT_TRUE(parsed);
  std::vector<std::string> names;
  for (const wire::Json& row : parsed->as_array()) {
    names.emplace_back(row.as_object().at("indexName").as_string());
    EXPECT_EQ(wire::to_text(row.as_object().at("indexValue")), "0");
  }
  for (const char* name : {"From Solar", "Self-sufficiency", "To Battery", "From Battery",
                           "From Grid", "To Grid", "To Home", "pv_to_powerplus"}) {
    EXPECT_NE(std::ranges::find(names, name), names.end()) << name;
  }
}

}  // namespace
}  // namespace gridloom::api
