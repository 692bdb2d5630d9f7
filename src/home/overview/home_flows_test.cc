#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "overview/home_flows.h"

namespace gridloom::overview {
namespace {

using history::EnergyFlow;
using history::EnergySources;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::Optional;
using enum Quantity;

constexpr auto kMeasured = HomeFlowSums::Grid::kMeasured;
constexpr auto kImportOfDevices = HomeFlowSums::Grid::kImportOfDevices;

// The flows that a device measures; nothing: it is not known.
using Measured = std::vector<std::pair<EnergyFlow, std::optional<double>>>;
struct Device {
  Role role = Role::kOther;
  Measured flows{};
  HomeFlowSums::Battery battery{};
};

EnergySources sources_of(const Measured& flows) {
  EnergySources sources;
  for (const auto& [flow, value] : flows) sources.flows.push_back(flow);
  std::ranges::sort(sources.flows);
  return sources;
}

HomeFlowSums summed(HomeFlowSums::Grid grid, const std::vector<Device>& devices) {
  HomeFlowSums sums(grid);
  for (const Device& device : devices) {
    DeviceFlows flows;
    for (const auto& [flow, value] : device.flows) {
      flows.at(static_cast<std::size_t>(flow)) = {.value = value, .at_least = !value};
    }
    sums.add(device.role, sources_of(device.flows), flows, device.battery);
  }
  return sums;
}

const Device& ocean() {
  static const Device kOcean{.role = Role::kMeter,
                             .flows = {{EnergyFlow::kPv, 10'000},
                                       {EnergyFlow::kBatteryIn, 3000},
                                       {EnergyFlow::kBatteryOut, 1000},
                                       {EnergyFlow::kGridIn, 2000},
                                       {EnergyFlow::kGridOut, 4000},
                                       {EnergyFlow::kLoad, 6000},
                                       {EnergyFlow::kEv, 1500}}};
  return kOcean;
}
const Device& station() {
  static const Device kStation{
      .role = Role::kConsumer,
      .flows = {
          {EnergyFlow::kBatteryIn, 500}, {EnergyFlow::kGridIn, 700}, {EnergyFlow::kLoad, 150}}};
  return kStation;
}

TEST(HomeFlows, CountTheGridAtTheMeter) {
  const HomeFlows both = summed(kMeasured, {ocean(), station()}).flows();
  EXPECT_THAT(both.of(kSun), Optional(10'000.0));
  EXPECT_THAT(both.of(kGridImport), Optional(2000.0)) << "what the station draws is in it";
  EXPECT_THAT(both.of(kGridExport), Optional(4000.0));
  EXPECT_THAT(both.of(kBatteryIn), Optional(3500.0));
  EXPECT_THAT(both.of(kBatteryOut), Optional(1000.0));
  EXPECT_THAT(both.of(kHome), Optional(DoubleNear(5500, 1e-9)));
  EXPECT_THAT(both.of(kCar), Optional(1500.0)) << "a part of the home's";
  EXPECT_FALSE(both.at_least);
}

TEST(HomeFlows, WithoutAMeterTheGridIsWhatTheDevicesDraw) {
  const HomeFlows two = summed(kImportOfDevices, {station(), station()}).flows();
  EXPECT_THAT(two.of(kGridImport), Optional(1400.0));
  EXPECT_EQ(two.of(kGridExport), std::nullopt) << "nothing measures it";
  EXPECT_THAT(two.of(kHome), Optional(400.0));
}

// A power station that takes 600 of 1000, and by night gives what it took.
TEST(HomeFlows, WhatADeviceGetsAndDoesNotGiveIsItsBatterys) {
  Device day{
      .role = Role::kConsumer,
      .flows = {{EnergyFlow::kPv, 300}, {EnergyFlow::kGridIn, 700}, {EnergyFlow::kLoad, 400}},
      .battery = HomeFlowSums::Battery::kByBalance};
  Device night = day;
  night.flows = {{EnergyFlow::kPv, 0}, {EnergyFlow::kGridIn, 0}, {EnergyFlow::kLoad, 250}};
  EXPECT_THAT(summed(kImportOfDevices, {day}).flows().of(kHome), Optional(400.0));
  EXPECT_THAT(summed(kImportOfDevices, {night}).flows().of(kHome), Optional(250.0));
  EXPECT_THAT(summed(kMeasured, {ocean(), day}).flows().of(kHome), Optional(5700.0))
      << "it draws 700 of the house, has 300 from its sun, and gives 400";
  EXPECT_FALSE(summed(kMeasured, {ocean(), day}).flows().at_least);
  night.flows[2].second.reset();
  EXPECT_EQ(summed(kImportOfDevices, {night}).flows().of(kHome), std::nullopt);
  EXPECT_TRUE(summed(kImportOfDevices, {night}).flows().at_least);
}

TEST(HomeFlows, WithoutSourcesTheHomeIsItsLoads) {
  const Device plug{.role = Role::kOther, .flows = {{EnergyFlow::kLoad, 120}}};
  const Device silent{.role = Role::kOther, .flows = {{EnergyFlow::kLoad, std::nullopt}}};
  EXPECT_THAT(summed(kImportOfDevices, {plug, plug}).flows().of(kHome), Optional(240.0));
  const HomeFlows some = summed(kImportOfDevices, {plug, silent}).flows();
  EXPECT_THAT(some.of(kHome), Optional(120.0));
  EXPECT_TRUE(some.at_least);
  EXPECT_THAT(summed(kMeasured, {ocean(), plug}).flows().of(kHome), Optional(6000.0))
      << "a plug is behind the meter";
}

TEST(HomeFlows, HeatIsOfRodsAndPumps) {
  const Device rods{.role = Role::kOther,
                    .flows = {{EnergyFlow::kHeater, 300}, {EnergyFlow::kHeatpump, 200}}};
  EXPECT_THAT(summed(kImportOfDevices, {rods, rods}).flows().of(kHeat), Optional(1000.0));
}

TEST(HomeFlows, NobodyUsesLessThanNothing) {
  const Device lossy{.role = Role::kMeter,
                     .flows = {{EnergyFlow::kPv, 100}, {EnergyFlow::kGridOut, 130}}};
  EXPECT_THAT(summed(kMeasured, {lossy}).flows().of(kHome), Optional(0.0));
}

TEST(HomeFlows, WhatIsNotKnownIsNotZero) {
  Device silent = ocean();
  for (auto& [flow, value] : silent.flows) value.reset();
  const Device sunny{.role = Role::kFeeder, .flows = {{EnergyFlow::kPv, 400}}};
  const HomeFlows none = summed(kMeasured, {silent}).flows();
  for (const auto& value : none.values) EXPECT_EQ(value, std::nullopt);
  EXPECT_TRUE(none.at_least);
  const HomeFlows some = summed(kMeasured, {silent, sunny}).flows();
  EXPECT_THAT(some.of(kSun), Optional(400.0)) << "of the devices that are known";
  EXPECT_TRUE(some.at_least);
  EXPECT_EQ(some.of(kGridImport), std::nullopt) << "a meter that is silent is the home's meter";
  EXPECT_EQ(some.of(kHome), std::nullopt) << "without the grid";
}

TEST(HomeFlows, KnownForAPartOfTheSpanIsAtLeast) {
  HomeFlowSums sums(kImportOfDevices);
  DeviceFlows flows;
  flows.at(static_cast<std::size_t>(EnergyFlow::kPv)) = {.value = 5, .at_least = true};
  EnergySources sources;
  sources.flows = {EnergyFlow::kBatteryIn};
  sums.add(Role::kFeeder, sources, DeviceFlows{{}});
  EXPECT_TRUE(sums.flows().at_least) << "what is not known at all";
  HomeFlowSums other(kImportOfDevices);
  other.add(Role::kFeeder, EnergySources(), flows);
  EXPECT_FALSE(other.flows().at_least) << "a flow that the device does not measure";
  sources.flows = {EnergyFlow::kPv};
  other.add(Role::kFeeder, sources, flows);
  EXPECT_TRUE(other.flows().at_least);
}

TEST(HomeFlows, QuantitiesAreThoseThatAreMeasured) {
  EXPECT_THAT(summed(kMeasured, {ocean(), station()}).quantities(),
              ElementsAre(kSun, kBatteryIn, kBatteryOut, kGridImport, kGridExport, kHome, kCar));
  EXPECT_THAT(summed(kImportOfDevices, {station()}).quantities(),
              ElementsAre(kBatteryIn, kGridImport, kHome));
  EXPECT_THAT(summed(kImportOfDevices, {}).quantities(), ElementsAre());
}

TEST(Ledger, HasTheSharesOfAMeteredHome) {
  const HomeFlows both = summed(kMeasured, {ocean(), station()}).flows();
  const Ledger ledger = ledger_of(std::array{both, both});
  EXPECT_THAT(ledger.flows_kwh.of(kHome), Optional(DoubleNear(11, 1e-9)));
  EXPECT_THAT(ledger.self_sufficiency_percent, Optional(DoubleNear(100 * (1 - 2 / 5.5), 1e-9)));
  EXPECT_THAT(ledger.self_consumption_percent, Optional(DoubleNear(60, 1e-9)));
  const Ledger alone = ledger_of(std::array{summed(kImportOfDevices, {station()}).flows()});
  EXPECT_THAT(alone.flows_kwh.of(kGridImport), Optional(0.7));
  EXPECT_EQ(alone.self_sufficiency_percent, std::nullopt);
  EXPECT_EQ(ledger_of({}).flows_kwh.of(kHome), std::nullopt);
}

// The meter is silent in the second hour: what its sun made is in no sum, and the home's use is
// that of the first.
TEST(Ledger, IsOfTheHoursThatAreKnown) {
  HomeFlows known = summed(kMeasured, {ocean()}).flows();
  HomeFlows silent;
  silent.at_least = silent.is_metered = true;
  silent.unknown_ms = 3'600'000;
  silent.of(kGridImport) = 5000;  // of another meter
  const Ledger ledger = ledger_of(std::array{known, silent});
  EXPECT_THAT(ledger.flows_kwh.of(kSun), Optional(10.0));
  EXPECT_THAT(ledger.flows_kwh.of(kHome), Optional(6.0));
  EXPECT_THAT(ledger.flows_kwh.of(kGridImport), Optional(7.0));
  EXPECT_THAT(ledger.self_sufficiency_percent, Optional(DoubleNear(100 * (1 - 2 / 6.0), 1e-9)))
      << "of hours of which both are known";
  EXPECT_TRUE(ledger.flows_kwh.at_least);
  EXPECT_EQ(ledger.flows_kwh.unknown_ms, 3'600'000);
}

}  // namespace

}  // namespace gridloom::overview
