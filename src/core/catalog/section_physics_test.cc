#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/read_file.h"
#include "catalog/test_mistakes.h"
#include "testing/source_path.h"

namespace gridloom::catalog {
namespace {

// The family of the user's guide.
const std::string& station_text() {
  static const std::string text =
      read_text(source_path("tests/families/solar_station.yaml"), kMaxDeviceFile).value();
  return text;
}

FamilyPtr station() { return load_family("solar_station.yaml", station_text()).value(); }

const PhysicsPart& part_of(const Family& family, std::string_view path) {
  return *std::ranges::find(family.physics, path, &PhysicsPart::path);
}

TEST(Physics, HasPartsWithNumbersAndFields) {
  const FamilyPtr family = station();
  ASSERT_EQ(family->physics.size(), 4U);
  const PhysicsPart& battery = part_of(*family, "batteries.main");
  EXPECT_EQ(battery.kind, PartKind::kBattery);
  EXPECT_EQ(battery.number("capacity_wh"), 2048);
  EXPECT_EQ(battery.number("efficiency"), 0.98);
  EXPECT_EQ(battery.number("cells"), std::nullopt);
  EXPECT_EQ(battery.limits.find("max")->second, "cfg.maxSoc");
  ASSERT_EQ(battery.feeds.size(), 6U);
  EXPECT_EQ(battery.feeds[2].quantity, Quantity::kState);
  EXPECT_EQ(battery.feeds[2].field, "bat.state");
  EXPECT_EQ(part_of(*family, "inverter").formulas.at("switch").text, "cfg.output");
  EXPECT_FALSE(part_of(*family, "loads.socket").dc);
  EXPECT_EQ(part_of(*family, "pv_inputs.roof").kind, PartKind::kPvInput);
}

TEST(Physics, FeedsOneFieldOrSeveral) {
  const auto family = load_family(
      "solar_station.yaml",
      changed(
          {"power: out.watts,", "power: [out.watts, sys.temp],", ""},
          changed({"    unit: °C\n    description: Temperature of the case\n    signal: {shape: "
                   "sine, range: [18, 32], period_s: 86400, phase_s: 32400}",
                   "    unit: W\n    description: Power again", ""},
                  station_text())));
  ASSERT_TRUE(family) << family.error().detail;
  const PhysicsPart& load = part_of(**family, "loads.socket");
  ASSERT_EQ(load.feeds.size(), 3U);
  EXPECT_EQ(load.feeds[0].field, "out.watts");
  EXPECT_EQ(load.feeds[1].field, "sys.temp");
  EXPECT_EQ(load.feeds[1].quantity, Quantity::kPower);
}

void expect_told_of_station(const std::vector<Mistake>& rows) {
  expect_told(rows, "solar_station.yaml", station_text());
}

TEST(Physics, TellsMistakesOfExtraBatteries) {
  const auto added = [](std::string_view keys) {
    return "    more: {capacity_wh: 1000, charge_w: 1, discharge_w: 1, " + std::string(keys) +
           "}\n  pv_inputs:\n";
  };
  const std::string one = added("pack: 2, serial_prefix: MORE");
  const std::string prefix = added("pack: 1, serial_prefix: MO");
  const std::string none = added("pack: 1");
  const std::string shows = added("pack: 1, serial_prefix: MORE, shows: [more.]");
  const std::string usual = added("shows: [bat.]");
  const std::string serial =
      added("pack: 1, serial_prefix: MORE, feeds: {serial_number: out.watts}");
  const std::string most = added("pack: 17, serial_prefix: MORE");
  constexpr std::string_view kBehind = "  pv_inputs:\n";
  expect_told_of_station({
      {kBehind, one,
       "physics.batteries.more.pack: 2 must be 1: extra batteries are numbered from 1 in the "
       "file's order"},
      {kBehind, most, "physics.batteries.more.pack: 17 must be 1 to 16"},
      {kBehind, prefix, "batteries.more.serial_prefix: \"MO\" must have 4 characters"},
      {kBehind, none, "batteries.more.serial_prefix: \"\" must have 4 characters"},
      {kBehind, shows, "batteries.more.shows: \"more.\" matches no field"},
      {kBehind, usual, "batteries.more.shows: is for an extra battery: pack must be there"},
      {kBehind, serial,
       "serial_number: out.watts is of type int: must be string, or array with format text"},
  });
}

TEST(Physics, TellsMistakesOfNumbers) {
  expect_told_of_station({
      {"capacity_wh: 2048", "capacity: 2048",
       "physics.batteries.main.capacity: unknown key; the keys here are capacity_wh,"},
      {"      capacity_wh: 2048\n", "", "physics.batteries.main.capacity_wh: this key is missing"},
      {"capacity_wh: 2048", "capacity_wh: large",
       "physics.batteries.main.capacity_wh: must be a number; it is \"large\""},
      {"capacity_wh: 2048", "capacity_wh: 0",
       "physics.batteries.main.capacity_wh: 0 must be 1 to 1000000"},
      {"charge_w: 1000\n", "charge_w: -1\n",
       "physics.batteries.main.charge_w: -1 must be 0 to 100000"},
      {"efficiency: 0.98", "efficiency: 98",
       "physics.batteries.main.efficiency: 98 must be 0.1 to 1"},
      {"efficiency: 0.98", "cells: 16.5", "batteries.main.cells: 16.5 must be a whole number"},
      {"efficiency: 0.98", "cells: 0", "physics.batteries.main.cells: 0 must be 1 to 1000"},
      {"efficiency: 0.98", "reserve_percent: 101",
       "physics.batteries.main.reserve_percent: 101 must be 0 to 100"},
      {"efficiency: 0.98", "taper_percent: 100", "taper_percent: 100 must be 0 to 99"},
      {"efficiency: 0.98", "initial_percent: 40",
       "physics.batteries.main.initial_percent: bat.soc, which shows the state of charge, has an "
       "initial value already"},
      {"rated_w: 800", "power_w: 800",
       "physics.pv_inputs.roof.power_w: unknown key; the keys here are rated_w,"},
      {"      power_w: 60           # always, and a part of what the home draws\n      "
       "household_share: 0.1\n",
       "", "physics.loads.socket.power_w: this key is missing, or else household_share"},
      {"physics:\n", "physics:\n  charger: {rated_w: 500}\n",
       "physics.charger: charges from the grid: grid must be there"},
      {"physics:\n", "physics:\n  batterys: {}\n",
       "physics.batterys: unknown key; the keys here are place, batteries,"},
      {"  inverter: {rated_w: 1500,", "  inverter: [rated_w, 1500]\n  grid: {rated_w: 1500,",
       "physics.inverter: must be a mapping of rated_w,"},
      {"household_share: 0.1", "port: socket",
       "physics.loads.socket.port: \"socket\" must be car, usb, fast_usb, type_c, usb_2, "
       "fast_usb_2 "
       "or type_c_2"},
      {"power_w: 60 ", "port: usb ",
       "physics.loads.socket.port: power_w must be there: what its things draw together"},
      {"household_share: 0.1", "dc: yes",
       "physics.loads.socket.dc: must be true or false; it is \"yes\""},
  });
}

TEST(Physics, HasALimitedNumberOfParts) {
  const auto with_loads = [](int count) {
    std::string loads = "  loads:\n";
    for (int k = 0; k < count; ++k) loads += "    l" + std::to_string(k) + ": {power_w: 1}\n";
    return load_family("solar_station.yaml", changed({"  loads:\n", loads, ""}, station_text()));
  };
  EXPECT_TRUE(with_loads(96));
  const auto too_many = with_loads(97);
  ASSERT_FALSE(too_many);
  EXPECT_THAT(too_many.error().detail,
              testing::HasSubstr("physics: has 101 parts: must have at most 100"));
}

TEST(Physics, TellsMistakesOfFields) {
  expect_told_of_station({
      {"soc: bat.soc", "soc: bat.charge",
       "physics.batteries.main.feeds.soc: \"bat.charge\" is no field of this family"},
      {"soc: bat.soc", "charge: bat.soc",
       "physics.batteries.main.feeds.charge: unknown key; the keys here are soc, power,"},
      {"soc: bat.soc", "soc: bat.watts", "feeds.soc: bat.watts is in W: must be in %"},
      {"state: bat.state", "cycles: out.watts", "out.watts is in W: must have no unit"},
      {"state: bat.state", "cell_voltages: pv.watts",
       "physics.batteries.main.feeds.cell_voltages: pv.watts is of type int: must be array"},
      {"power: bat.watts", "power: cfg.output", "cfg.output is in no unit: must be in W"},
      {"power: bat.watts", "power: {field: bat.watts}",
       "physics.batteries.main.feeds.power: must be a list [..]; it is a mapping"},
      {"energy_in: bat.in", "energy_in: bat.out",
       "physics.batteries.main.feeds.energy_out: physics.batteries.main.feeds.energy_in feeds "
       "bat.out already"},
      {"power: pv.watts", "power: pv.volts",
       "physics.pv_inputs.roof.feeds.power: pv.volts has a signal: it has one source only"},
      {"state: bat.state", "state: cfg.output",
       "physics.batteries.main.feeds.state: cfg.output has no value named idle: must have values "
       "named idle, charging and discharging"},
      {"max: cfg.maxSoc", "most: cfg.maxSoc",
       "physics.batteries.main.limits.most: unknown key; the keys here are max, min and "
       "reserve"},
      {"max: cfg.maxSoc", "max: cfg.output",
       "physics.batteries.main.limits.max: cfg.output is in no unit: must be in %"},
      {"max: cfg.maxSoc", "max: [cfg.maxSoc]", "limits.max: must be the name of one field"},
      {"idle_w: 8, switch: cfg.output", "idle_w: 8, switch: cfg.out",
       "physics.inverter.switch: \"cfg.out\" is no field of this family"},
      {"idle_w: 8, switch: cfg.output", "idle_w: 8, switch: sys.rssi",
       "physics.inverter.switch: sys.rssi has a signal: must be a setting"},
  });
}

TEST(Physics, OfAFamilyWithAModelOfItsOwnHasNumbersOnly) {
  expect_told_of_station({
      {"physics:\n", "physics:\n  model: {boost_w: 2000}\n",
       "physics.batteries.main.feeds: a family with a model in C++ (physics.model) has numbers "
       "here only"},
      {"physics:\n", "physics:\n  model: {boost_w: large}\n",
       "physics.model.boost_w: must be a number; it is \"large\""},
      {"physics:\n", "physics:\n  model: {boost_w: 1000000}\n",
       "physics.model.boost_w: 1000000 must be 0 to 100000"},
  });
}

}  // namespace
}  // namespace gridloom::catalog
