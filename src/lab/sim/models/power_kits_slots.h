// The fields of the Power Kits' modules that their model reads and writes, and the numbers of their
// file. A group that is not a list here stands for its first module.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sim/model_slots.h"

namespace gridloom::sim::kits {

// Powers and efficiencies, from the section `physics`: those of whole watts add up to whole watts.
// Each pack says its own capacity.
struct Ratings {
  int cells = 0;  // of each pack
  double resistance_ohm = 0;
  double charge_w = 0;              // all packs together
  double taper_w_per_percent = 0;   // charging slows down towards its limit
  int heater_w = 0;                 // of a pack
  double converter_efficiency = 1;  // of every converter except the inverter
  double inverter_loss = 0;         // fraction of its power, in addition to what it needs idle
  int inverter_idle_w = 0;
  int inverter_low_w = 0;     // the same in low power mode,
  int inverter_little_w = 0;  // with less than this at its output
  double charger_w = 0;       // on the AC side
  std::array<double, 2> pv_w{};
  double alternator_w = 0;  // on the bus
  int generator_w = 0;
  int vehicle_w = 0;  // keeps the vehicle's battery charged
  int hub_w = 0;
};

struct Slots : ModelSlots {
  using ModelSlots::ModelSlots;

  Ratings ratings = {
      .cells = whole("batteries.packs", "cells"),
      .resistance_ohm = rating("batteries.packs", "resistance_ohm"),
      .charge_w = rating("batteries.packs", "charge_w"),
      .taper_w_per_percent = rating("model", "taper_w_per_percent"),
      .heater_w = whole("loads.pack_heater", "power_w"),
      .converter_efficiency = rating("model", "converter_efficiency"),
      .inverter_loss = rating("model", "inverter_loss"),
      .inverter_idle_w = whole("inverter", "idle_w"),
      .inverter_low_w = whole("model", "inverter_low_w"),
      .inverter_little_w = whole("model", "inverter_little_w"),
      .charger_w = rating("charger", "rated_w"),
      .pv_w = {rating("pv_inputs.first", "rated_w"), rating("pv_inputs.second", "rated_w")},
      .alternator_w = rating("model", "alternator_w"),
      .generator_w = whole("model", "generator_w"),
      .vehicle_w = whole("loads.vehicle", "power_w"),
      .hub_w = whole("loads.hub", "power_w")};

  // An entry in the kit's list of modules.
  struct Listed {
    std::size_t module = 0;  // by FieldTable::modules()
    int kind = 0;            // the value of `type`; 0: none is known
    Slot sn;
    Slot address;
    Slot bus_address;
    Slot type;
  };
  std::vector<Listed> list = listed();

  struct Pack {
    Slot number;
    Slot bus_address;
    Slot soc;
    Slot power_in;
    Slot power_out;
    Slot current;
    Slot voltage;
    Slot remaining_capacity;
    Slot full_capacity;
    Slot design_capacity;
    Slot state;
    Slot time_left;
    Slot switches;
    Slot precharge_switches;
    Slot in_use;
    Slot lowest_cell_voltage;
    Slot highest_cell_voltage;
    Slot temperature;
    Slot coldest_cell;
    Slot warmest_cell;
    Slot coldest_switch;
    Slot warmest_switch;
    Slot coldest_heater;
    Slot warmest_heater;
    Slot heating;
    Slot heating_cause;
    Slot heating_time_left;
    Slot heater_fault;
    Slot heater_failures;
    Slot error;
    // Settings.
    Slot heats_by_discharging;
    Slot charge_limit;
    Slot discharge_limit;
    Slot generator_start;
    Slot generator_stop;
    Slot rest_after;
  };
  std::vector<Pack> packs = packs_of("bp2000");

  // The sums of the packs: the kit's, and what each pack repeats of them.
  struct Totals {
    Slot power_in;
    Slot power_out;
    Slot current;
    Slot soc;
    Slot capacity;
    Slot state;
    Slot time_left;
    Slot charges;
    Slot asks_for_heat;
  };
  std::vector<Totals> totals = totals_of("bp2000");

  // A converter between the battery bus and another port.
  struct Converter {
    Slot voltage;
    Slot power;
    Slot current;
    std::array<Slot, 2> phase_current;
    std::array<Slot, 2> sink_temperature;
    Slot board_temperature;
    Slot day_energy;
  };

  struct SolarInput {
    Slot power;
    Slot voltage;
    Slot current;
    Slot live;
  };
  struct Solar {
    Converter converter;
    std::array<SolarInput, 2> inputs;
    Slot energy;
    std::array<Slot, 2> on;
  };
  Solar solar = {.converter = converter("kitscc"),
                 .inputs = {solar_input("pv1"), solar_input("pv2")},
                 .energy = of("kitscc", "chgEnergy", "Wh"),
                 .on = {of("kitscc", "mppt1SwSta"), of("kitscc", "mppt2SwSta")}};

  struct Alternator {
    Converter converter;
    Slot voltage;
    Slot power;
    Slot current;
    Slot live;
    Slot charging_by;
    Slot supplying;
    Slot reversed;
    Slot may_supply;
    Slot moving;
    Slot packs;
    Slot energy;
    // Settings.
    Slot paused;
    Slot voltage_limit_on;
    Slot voltage_limit;
    Slot current_limit;
    Slot when_idling;
    Slot mode;
  };
  Alternator alternator = {.converter = converter("bbcin"),
                           .voltage = of("bbcin", "dcInVol", "V"),
                           .power = of("bbcin", "dcInWatts", "W"),
                           .current = of("bbcin", "dcInCurr", "A"),
                           .live = of("bbcin", "dcInState"),
                           .charging_by = of("bbcin", "chgType"),
                           .supplying = of("bbcin", "chargeMode"),
                           .reversed = of("bbcin", "workMode2"),
                           .may_supply = of("bbcin", "allowDsgOn"),
                           .moving = of("bbcin", "isCarMoving"),
                           .packs = of("bbcin", "bpOnlinePos"),
                           .energy = of("bbcin", "dsgEnergy", "Wh"),
                           .paused = of("bbcin", "chgPause"),
                           .voltage_limit_on = of("bbcin", "altVoltLmtEn"),
                           .voltage_limit = of("bbcin", "altVoltLmt", "V"),
                           .current_limit = of("bbcin", "chgMaxCurr", "A"),
                           .when_idling = of("bbcin", "shakeCtrlDisable"),
                           .mode = of("bbcin", "workMode")};

  struct DcOutput {
    Converter converter;
    Slot voltage;
    Slot power;
    Slot current;
    Slot energy;
    Slot on;
    // Settings.
    Slot voltage_choice;
    Slot standby;
  };
  DcOutput dc = {.converter = converter("bbcout"),
                 .voltage = of("bbcout", "ldOutVol", "V"),
                 .power = of("bbcout", "ldOutWatts", "W"),
                 .current = of("bbcout", "ldOutCurr", "A"),
                 .energy = of("bbcout", "dsgEnergy", "Wh"),
                 .on = of("bbcout", "dcOutSta"),
                 .voltage_choice = of("bbcout", "cfgVolTag"),
                 .standby = of("bbcout", "standbyTime", "min")};

  // The inverter's AC side.
  struct AcSide {
    Slot in_voltage;
    Slot in_power;
    Slot in_current;
    Slot in_frequency;
    Slot in_day_energy;
    Slot out_voltage;
    Slot out_power;
    Slot out_apparent_power;
    Slot out_current;
    Slot out_frequency;
    Slot out_day_energy;
    Slot live;
    Slot temperature;
    // Settings.
    Slot on;
    Slot voltage;
    Slot frequency;
    Slot charging_off;
    Slot grid_first;
    Slot bypass_current_limit;
    Slot input_current_limit;
    Slot standby;
  };
  AcSide ac = {.in_voltage = of("ichigh", "inVol", "V"),
               .in_power = of("ichigh", "inWatts", "W"),
               .in_current = of("ichigh", "inCurr", "A"),
               .in_frequency = of("ichigh", "inFreq", "Hz"),
               .in_day_energy = of("ichigh", "inputWhInDay", "Wh"),
               .out_voltage = of("ichigh", "outVol", "V"),
               .out_power = of("ichigh", "outWatts", "W"),
               .out_apparent_power = of("ichigh", "outVa", "VA"),
               .out_current = of("ichigh", "outCurr", "A"),
               .out_frequency = of("ichigh", "outFreq", "Hz"),
               .out_day_energy = of("ichigh", "outputWhInDay", "Wh"),
               .live = of("ichigh", "invSwSta"),
               .temperature = of("ichigh", "acTemp", "°C"),
               .on = of("ichigh", "appCfg.powerOn"),
               .voltage = of("ichigh", "appCfg.acVolSet", "V"),
               .frequency = of("ichigh", "appCfg.acFreqSet", "Hz"),
               .charging_off = of("ichigh", "appCfg.acChgDisable"),
               .grid_first = of("ichigh", "passByModeEn"),
               .bypass_current_limit = of("ichigh", "appCfg.passByMaxCurr", "A"),
               .input_current_limit = of("ichigh", "appCfg.acMaxCurrSer", "A"),
               .standby = of("ichigh", "standbyTime", "min")};

  // The inverter's battery side.
  struct BatterySide {
    Slot voltage;
    Slot current;
    Slot bus_voltage;
    Slot temperature;
    Slot fan;
    Slot charging_by;
    Slot live_inputs;
    Slot state;
    Slot current_limit;
    Slot requested_current;
    Slot charging_voltage;
    Slot permission;
    Slot soc;
    Slot faults;
    Slot low_power;
  };
  BatterySide charger = {.voltage = of("iclow", "batVol", "V"),
                         .current = of("iclow", "batCurr", "A"),
                         .bus_voltage = of("iclow", "busVol", "V"),
                         .temperature = of("iclow", "dcTemp", "°C"),
                         .fan = of("iclow", "fanLevel"),
                         .charging_by = of("iclow", "chgType"),
                         .live_inputs = of("iclow", "chgInType"),
                         .state = of("iclow", "chgDsgState"),
                         .current_limit = of("iclow", "maxChgCurr", "A"),
                         .requested_current = of("iclow", "bmsChgCurr", "A"),
                         .charging_voltage = of("iclow", "chgBatVol", "V"),
                         .permission = of("iclow", "chrgFlag"),
                         .soc = of("iclow", "realSoc", "%"),
                         .faults = of("iclow", "protectState"),
                         .low_power = of("iclow", "lsplFlag")};

  // A distribution panel.
  struct Channels {
    Slot powers;
    Slot currents;
    Slot live;
    Slot allowed;  // a setting
    Slot power;
    Slot voltage;
    std::array<Slot, 2> temperature;
  };
  Channels ac_channels = channels("ldac", "ac");
  Channels dc_channels = channels("lddc", "dc");
  Slot dc_relays = of("lddc", "dcChRelay");

 private:
  int whole(std::string_view part, std::string_view name) {
    return static_cast<int>(rating(part, name));
  }
  std::vector<Listed> listed();
  std::vector<Pack> packs_of(std::string_view group);
  std::vector<Totals> totals_of(std::string_view group);
  Pack pack(const std::string& prefix);
  Totals sums(const std::string& prefix);
  Converter converter(std::string_view group);
  SolarInput solar_input(const std::string& input);
  Channels channels(std::string_view group, const std::string& kind);

  // "group.sn.", which the names of a module's fields begin with.
  [[nodiscard]] std::string prefix_of(std::size_t module) const;
  // The name of a field of the group's first module.
  [[nodiscard]] std::string first(std::string_view group, std::string_view field) const;
  Slot of(std::string_view group, std::string_view field, std::string_view unit = {}) {
    return number(first(group, field), unit);
  }
};

}  // namespace gridloom::sim::kits
