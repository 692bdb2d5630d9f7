// The fields of a PowerStream that its model reads and writes, and the numbers of its file.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/model_slots.h"
#include "sim/models/parts.h"

namespace gridloom::sim::power_stream {

// Capacities, powers and efficiencies, from the section `physics`.
struct Ratings {
  std::array<double, 2> panel_w{};
  std::int64_t least_solar_w = 0;
  double capacity_wh = 0;
  double cells = 0;
  double resistance_ohm = 0;
  double charge_w = 0;
  double discharge_w = 0;
  double port_efficiency = 1;  // to and from the battery; no report shows it
  Taper taper;
  double plug_share = 0;  // of the household, on smart plugs
  std::int64_t most_plugs_w = 0;
};

// tidy: table, of the fields that the model reads and writes
struct Slots : ModelSlots {
  using ModelSlots::ModelSlots;

  Ratings ratings = {
      .panel_w = {rating("pv_inputs.first", "rated_w"), rating("pv_inputs.second", "rated_w")},
      .least_solar_w = std::llround(rating("model", "least_solar_w")),
      .capacity_wh = rating("batteries.battery", "capacity_wh"),
      .cells = rating("batteries.battery", "cells"),
      .resistance_ohm = rating("batteries.battery", "resistance_ohm"),
      .charge_w = rating("batteries.battery", "charge_w"),
      .discharge_w = rating("batteries.battery", "discharge_w"),
      .port_efficiency = rating("batteries.battery", "efficiency"),
      .taper = {.from_percent = rating("batteries.battery", "taper_percent"),
                .end_share = rating("batteries.battery", "taper_share")},
      .plug_share = rating("loads.plugs", "household_share"),
      .most_plugs_w = std::llround(rating("model", "most_plugs_w"))};

  struct Panel {
    Slot power;
    Slot voltage;
    Slot target_voltage;
    Slot converter_voltage;
    Slot current;
    Slot temperature;
    Slot state;
  };
  std::array<Panel, 2> panels = {panel("20_1.pv1"), panel("20_1.pv2")};

  Slot soc = number("20_1.batSoc", "%");
  Slot battery_power = number("20_1.batInputWatts", "W");
  Slot battery_voltage = number("20_1.batInputVolt", "V");
  Slot battery_converter_voltage = number("20_1.batOpVolt", "V");
  Slot battery_current = number("20_1.batInputCur", "A");
  Slot battery_temperature = number("20_1.batTemp", "°C");
  Slot requested_voltage = number("20_1.bmsReqChgVol", "V");
  Slot requested_current = number("20_1.bmsReqChgAmp", "A");
  Slot time_to_full = number("20_1.chgRemainTime", "min");
  Slot time_to_empty = number("20_1.dsgRemainTime", "min");
  Slot converter_temperature = number("20_1.llcTemp", "°C");
  Slot converter_voltage = number("20_1.llcOpVolt", "V");

  Slot output = number("20_1.invOutputWatts", "W");
  Slot limited_output = number("20_1.floadLimitOut", "W");
  Slot group_output = number("20_1.geneWatt", "W");
  Slot ac_voltage = number("20_1.invOpVolt", "V");
  Slot dc_voltage = number("20_1.invInputVolt", "V");
  Slot frequency = number("20_1.invFreq", "Hz");
  Slot output_current = number("20_1.invOutputCur", "A");
  Slot inverter_state = number("20_1.invStatue");
  Slot relay_state = number("20_1.invRelayStatus");
  Slot controller_temperature = number("20_1.espTempsensor", "°C");
  Slot signal = number("20_1.wifiRssi", "dBm");

  Slot solar_power = number("20_1.pvToInvWatts", "W");
  Slot plugs = number("20_1.plugTotalWatts", "W");
  Slot dynamic_demand = number("20_1.dynamicWatts", "W");
  Slot group_demand = number("20_1.consWatt", "W");
  Slot home_demand = number("20_1.spaceDemandWatts", "W");
  Slot demand = number("20_1.invDemandWatts", "W");
  Slot to_plugs = number("20_1.invToPlugWatts", "W");
  Slot to_others = number("20_1.invToOtherWatts", "W");
  Slot plugs_from_grid = number("20_1.gridConsWatts", "W");

  Slot solar_held_back = number("20_1.invLoadLimitFlag");
  Slot feed_in_prevented = number("20_1.antiBackFlowFlag");
  Slot demand_limited = number("20_1.uwloadLimitFlag");
  Slot battery_limited = number("20_1.batLoadLimitFlag");
  Slot battery_output_limit = number("20_1.batOutputLoadLimit", "W");
  Slot battery_empty = number("20_1.uwsocFlag");
  Slot dark = number("20_1.uwlowLightFlag");
  Slot connected = number("20_1.interfaceConnFlag");
  Slot updated = json("20_1.updateTime");
  Slot radio_loss = number("20_1.wifiErr");
  Slot radio_lost_at = number("20_1.wifiErrTime", "s");
  Slot connection_loss = number("20_1.mqttErr");
  Slot connection_lost_at = number("20_1.mqttErrTime", "s");
  Slot restarts = number("20_1.resetCount");

  // Settings.
  Slot on = number("20_1.invOnOff");
  Slot battery_first = number("20_1.supplyPriority");
  Slot feed_in_forbidden = number("20_1.feedProtect");
  Slot permanent_demand = number("20_1.permanentWatts", "W");
  Slot rated = number("20_1.ratedPower", "W");
  Slot lower_limit = number("20_1.lowerLimit", "%");
  Slot upper_limit = number("20_1.upperLimit", "%");

  std::array<Slot, 11> tasks = task_slots();
  Slot tasks_updated = json("20_134.updateTime");

 private:
  Panel panel(const std::string& input) {
    return {.power = number(input + "InputWatts", "W"),
            .voltage = number(input + "InputVolt", "V"),
            .target_voltage = number(input + "VolInTag", "V"),
            .converter_voltage = number(input + "OpVolt", "V"),
            .current = number(input + "InputCur", "A"),
            .temperature = number(input + "Temp", "°C"),
            .state = number(input + "Statue")};
  }
  std::array<Slot, 11> task_slots() {
    std::array<Slot, 11> slots;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      slots.at(i) = json(fmt::format("20_134.task{}", i + 1));
    }
    return slots;
  }
};

}  // namespace gridloom::sim::power_stream
