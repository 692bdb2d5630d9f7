#include "sim/power_flow.h"

#include <gtest/gtest.h>

#include <string_view>

namespace gridloom::sim {
namespace {

struct Row {
  std::string_view what;
  PowerOffer offer;
  double battery_w = 0;
  PowerFlow flow;
};

void expect_same(const PowerFlow& flow, const PowerFlow& expected) {
  EXPECT_DOUBLE_EQ(flow.pv_w, expected.pv_w);
  EXPECT_DOUBLE_EQ(flow.inverter_w, expected.inverter_w);
  EXPECT_DOUBLE_EQ(flow.charger_w, expected.charger_w);
  EXPECT_DOUBLE_EQ(flow.import_w, expected.import_w);
  EXPECT_DOUBLE_EQ(flow.export_w, expected.export_w);
  EXPECT_DOUBLE_EQ(flow.dc_loads_w, expected.dc_loads_w);
  EXPECT_DOUBLE_EQ(flow.ac_loads_w, expected.ac_loads_w);
}

TEST(PowerFlow, GivesTheSunToTheLoadsThenToTheBatteriesThenToTheGrid) {
  const Row rows[] = {
      {.what = "sun for everything",
       .offer = {.pv_w = 1000,
                 .take_w = 300,
                 .device_w = 10,
                 .dc_loads_w = 40,
                 .ac_loads_w = 200,
                 .export_w = 800},
       .battery_w = 300,
       .flow =
           {.pv_w = 1000, .inverter_w = 650, .export_w = 450, .dc_loads_w = 40, .ac_loads_w = 200}},
      {.what = "nobody takes the rest",
       .offer = {.pv_w = 1000, .take_w = 300, .ac_loads_w = 200},
       .battery_w = 300,
       .flow = {.pv_w = 500, .inverter_w = 200, .ac_loads_w = 200}},
      {.what = "the inverter is the bottleneck",
       .offer =
           {.pv_w = 1000, .ac_loads_w = 200, .inverter_w = 500, .import_w = 900, .export_w = 900},
       .battery_w = 0,
       .flow = {.pv_w = 500, .inverter_w = 500, .export_w = 300, .ac_loads_w = 200}},
      {.what = "night",
       .offer = {.give_w = 500, .device_w = 10, .dc_loads_w = 40, .ac_loads_w = 200},
       .battery_w = -250,
       .flow = {.inverter_w = 200, .dc_loads_w = 40, .ac_loads_w = 200}},
      {.what = "a loss in the inverter",
       .offer = {.give_w = 500, .ac_loads_w = 200, .inverter_efficiency = 0.8},
       .battery_w = -250,
       .flow = {.inverter_w = 200, .ac_loads_w = 200}},
      {.what = "more than the batteries give",
       .offer = {.give_w = 150, .dc_loads_w = 50, .ac_loads_w = 200},
       .battery_w = -150,
       .flow = {.inverter_w = 100, .dc_loads_w = 50, .ac_loads_w = 100}},
      {.what = "the grid helps",
       .offer = {.give_w = 150, .dc_loads_w = 50, .ac_loads_w = 200, .import_w = 1000},
       .battery_w = -150,
       .flow = {.inverter_w = 100, .import_w = 100, .dc_loads_w = 50, .ac_loads_w = 200}},
      {.what = "the inverter is off",
       .offer = {.pv_w = 100,
                 .give_w = 500,
                 .take_w = 500,
                 .dc_loads_w = 30,
                 .ac_loads_w = 200,
                 .inverter_w = 0,
                 .import_w = 50},
       .battery_w = 70,
       .flow = {.pv_w = 100, .import_w = 50, .dc_loads_w = 30, .ac_loads_w = 50}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    EXPECT_DOUBLE_EQ(battery_power_w(row.offer), row.battery_w);
    expect_same(power_flow(row.offer, row.battery_w), row.flow);
  }
}

TEST(PowerFlow, FillsTheBatteriesWithTheChargerWhileThereIsAGrid) {
  const PowerOffer plugged = {.pv_w = 100,
                              .give_w = 1000,
                              .take_w = 600,
                              .dc_loads_w = 50,
                              .ac_loads_w = 200,
                              .charges = true,
                              .charger_w = 1000,
                              .charger_efficiency = 0.5,
                              .import_w = 5000};
  EXPECT_DOUBLE_EQ(battery_power_w(plugged), 550);
  const PowerFlow flow = power_flow(plugged, 550);
  EXPECT_DOUBLE_EQ(flow.charger_w, 1000);
  EXPECT_DOUBLE_EQ(flow.import_w, 1200);
  EXPECT_DOUBLE_EQ(flow.inverter_w, 0);
  EXPECT_DOUBLE_EQ(flow.ac_loads_w, 200);

  PowerOffer full = plugged;
  full.take_w = 0;
  full.pv_w = 150;
  EXPECT_DOUBLE_EQ(battery_power_w(full), 0);
  EXPECT_DOUBLE_EQ(power_flow(full, 0).inverter_w, 100) << "what the sun has beside the DC loads";
  EXPECT_DOUBLE_EQ(power_flow(full, 0).import_w, 100);
}

TEST(PowerFlow, LeavesTheChargerWhatTheLoadsDoNotImport) {
  PowerOffer weak = {.give_w = 1000,
                     .take_w = 600,
                     .dc_loads_w = 100,
                     .ac_loads_w = 250,
                     .charges = true,
                     .charger_w = 1000,
                     .import_w = 300};
  EXPECT_DOUBLE_EQ(battery_power_w(weak), -50) << "for the DC loads";
  const PowerFlow flow = power_flow(weak, -50);
  EXPECT_DOUBLE_EQ(flow.import_w, 300);
  EXPECT_DOUBLE_EQ(flow.charger_w, 50);
  EXPECT_DOUBLE_EQ(flow.dc_loads_w, 100);
  EXPECT_DOUBLE_EQ(flow.ac_loads_w, 250);
}

TEST(PowerFlow, ADischargedBatteryLeavesTheLoadsWhatThereIs) {
  const PowerOffer offer = {.pv_w = 30, .give_w = 500, .device_w = 10, .ac_loads_w = 200};
  const PowerFlow flow = power_flow(offer, -40);
  EXPECT_DOUBLE_EQ(flow.pv_w, 30);
  EXPECT_DOUBLE_EQ(flow.ac_loads_w, 60);
  EXPECT_DOUBLE_EQ(power_flow({.device_w = 10, .dc_loads_w = 5}, 0).dc_loads_w, 0);
}

}  // namespace
}  // namespace gridloom::sim
