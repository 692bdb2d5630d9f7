// The fields of a PowerOcean that its model reads and writes, and the numbers of its file.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "sim/members.h"
#include "sim/model_slots.h"
#include "sim/models/car.h"
#include "sim/models/parts.h"
#include "sim/physics_slots.h"

namespace gridloom::sim::power_ocean {

// Capacities and powers, from the section `physics`.
struct Ratings {
  std::array<double, 2> string_w{};
  // All packs in parallel.
  double capacity_wh = 0;
  double cells = 0;
  double resistance_ohm = 0;
  double charge_w = 0;
  double discharge_w = 0;
  double empty_percent = 0;  // no discharge below
  Taper taper;
  double trickle_w = 0;  // charges a nearly full battery
  double own_w = 0;      // the system's own consumption, part of the home's load
  double rod_w = 0;
  double rod_least_w = 0;
  double pump_heat_w = 0;
  Car::Charger ev;
};

struct Slots : physics::BatterySlots {
  using BatterySlots::BatterySlots;

  Ratings ratings = {
      .string_w = {rating("pv_inputs.first", "rated_w"), rating("pv_inputs.second", "rated_w")},
      .capacity_wh = rating("batteries.packs", "capacity_wh"),
      .cells = rating("batteries.packs", "cells"),
      .resistance_ohm = rating("batteries.packs", "resistance_ohm"),
      .charge_w = rating("batteries.packs", "charge_w"),
      .discharge_w = rating("batteries.packs", "discharge_w"),
      .empty_percent = rating("batteries.packs", "reserve_percent"),
      .taper = {.from_percent = rating("batteries.packs", "taper_percent"),
                .end_share = rating("batteries.packs", "taper_share")},
      .trickle_w = rating("model", "trickle_w"),
      .own_w = rating("batteries.packs", "idle_w"),
      .rod_w = rating("loads.heating_rod", "power_w"),
      .rod_least_w = rating("model", "rod_least_w"),
      .pump_heat_w = rating("model", "pump_heat_w"),
      .ev = {.least_a = rating("model", "ev_least_a"),
             .most_a = rating("model", "ev_most_a"),
             .night_a = rating("model", "ev_night_a")}};

  std::vector<physics::BatteryPart> extra = extra_batteries();

  Slot solar = number("mpptPwr", "W");
  Slot soc = number("bpSoc", "%");
  Slot battery = number("bpPwr", "W");
  Slot load = number("sysLoadPwr", "W");
  Slot grid = number("sysGridPwr", "W");
  Slot ev = number("evPwr", "W");
  Slot ev_state = json("chargingStatus");
  // Volts, amperes and watts of each string.
  MemberSlots strings =
      members("mpptHeartBeat", {"[0].mpptPv[0].vol", "[0].mpptPv[0].amp", "[0].mpptPv[0].pwr",
                                "[0].mpptPv[1].vol", "[0].mpptPv[1].amp", "[0].mpptPv[1].pwr"});

  struct Phase {
    Slot voltage;
    Slot current;
    Slot active_power;
    Slot reactive_power;
    Slot apparent_power;
  };
  std::array<Phase, 3> phases = {phase("pcsAPhase"), phase("pcsBPhase"), phase("pcsCPhase")};

  std::array<Slot, 2> zone_temperature = {number("sectorA.tempCurr", "°C"),
                                          number("sectorB.tempCurr", "°C")};
  Slot tank_temperature = number("sectorDhw.tempCurr", "°C");
  Slot inlet_temperature = number("hpMaster.tempInlet", "°C");
  Slot outlet_temperature = number("hpMaster.tempOutlet", "°C");
  Slot air_temperature = number("hpMaster.tempAmbient", "°C");
  // Temperature and power.
  MemberSlots heating_rod = members("hrEnergyStream", {"[0].temp", "[0].hrPwr"});

 private:
  Phase phase(const std::string& group) {
    return {.voltage = number(group + ".vol", "V"),
            .current = number(group + ".amp", "A"),
            .active_power = number(group + ".actPwr", "W"),
            .reactive_power = number(group + ".reactPwr", "var"),
            .apparent_power = number(group + ".apparentPwr", "VA")};
  }
};

}  // namespace gridloom::sim::power_ocean
