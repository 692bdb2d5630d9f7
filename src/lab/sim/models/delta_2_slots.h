// The fields of a DELTA 2 that its model reads and writes, and the numbers of its file.
#pragma once

#include <array>
#include <vector>

#include "sim/model_slots.h"
#include "sim/models/parts.h"
#include "sim/physics_slots.h"

namespace gridloom::sim::delta_2 {

// Capacities, powers and efficiencies, from the section `physics`.
struct Ratings {
  double resistance_ohm = 0;  // of the pack
  double charge_w = 0;        // charges the pack in one hour
  double discharge_w = 0;     // more than all outputs draw
  Taper taper;                // the fraction of its charging power that the pack takes
  double panel_w = 0;
  double solar_efficiency = 1;
  double least_solar_w = 0;
  double inverter_w = 0;
  double boost_w = 0;  // X-Boost; also the relay's limit in bypass
  double charger_w = 0;
  double generator_w = 0;
  // Losses of real devices: 22 W with AC on, 7 W with all off, and about 9 % of converted power.
  double ac_overhead_w = 0;
  double awake_w = 0;
  double asleep_w = 0;  // the radio stays on
  double loss_linear = 0;
  double loss_square_per_w = 0;
  // The loads that the user has plugged in.
  double household_share = 0;
  double car_w = 0;
  double usb_w = 0;
  double fast_usb_w = 0;
  double type_c_w = 0;
};

// tidy: table, of the fields that the model reads and writes
struct Slots : physics::BatterySlots {
  using BatterySlots::BatterySlots;

  Ratings ratings = {.resistance_ohm = rating("batteries.pack", "resistance_ohm"),
                     .charge_w = rating("batteries.pack", "charge_w"),
                     .discharge_w = rating("batteries.pack", "discharge_w"),
                     .taper = {.from_percent = rating("batteries.pack", "taper_percent"),
                               .end_share = rating("batteries.pack", "taper_share")},
                     .panel_w = rating("pv_inputs.solar", "rated_w"),
                     .solar_efficiency = rating("pv_inputs.solar", "efficiency"),
                     .least_solar_w = rating("model", "least_solar_w"),
                     .inverter_w = rating("inverter", "rated_w"),
                     .boost_w = rating("model", "boost_w"),
                     .charger_w = rating("charger", "rated_w"),
                     .generator_w = rating("model", "generator_w"),
                     .ac_overhead_w = rating("inverter", "idle_w"),
                     .awake_w = rating("model", "awake_w"),
                     .asleep_w = rating("model", "asleep_w"),
                     .loss_linear = rating("model", "loss"),
                     .loss_square_per_w = rating("model", "loss_by_w"),
                     .household_share = rating("loads.ac_sockets", "household_share"),
                     .car_w = rating("loads.car_socket", "power_w"),
                     .usb_w = rating("loads.usb", "power_w"),
                     .fast_usb_w = rating("loads.fast_usb", "power_w"),
                     .type_c_w = rating("loads.type_c", "power_w")};

  std::vector<physics::BatteryPart> extra = extra_batteries();

  // Settings. A board that repeats another's is written, never read.
  Slot ac_on = number("mppt.cfgAcEnabled");
  Slot car_on = number("mppt.carState");
  Slot usb_on = number("pd.dcOutState");
  Slot wall_paused = number("mppt.chgPauseFlag");
  std::array<Slot, 2> ac_on_elsewhere = {number("inv.cfgAcEnabled"), number("pd.acEnabled")};
  Slot car_on_elsewhere = number("pd.carState");
  Slot wall_paused_elsewhere = number("inv.chgPauseFlag");
  Slot solar_first = number("pd.pvChgPrioSet");
  Slot keeps_reserve = number("pd.watchIsConfig");
  Slot reserve = number("pd.bpPowerSoc", "%");
  Slot upper_limit = number("bms_emsStatus.maxChargeSoc", "%");
  Slot lower_limit = number("bms_emsStatus.minDsgSoc", "%");
  Slot hysteresis = number("pd.hysteresisAdd", "%");
  Slot wall_power_limit = number("mppt.cfgChgWatts", "W");
  Slot car_current_limit = number("mppt.dcChgCurrent", "A");
  Slot xboost = number("mppt.cfgAcXboost");
  Slot ac_by_itself = number("pd.acAutoOutConfig");
  Slot ac_by_itself_paused = number("pd.acAutoOutPause");
  Slot ac_by_itself_soc = number("pd.minAcoutSoc", "%");
  Slot extra_port = number("pd.ext4p8Port");
  Slot generator_start = number("bms_emsStatus.minOpenOilEb", "%");
  Slot generator_stop = number("bms_emsStatus.maxCloseOilEb", "%");
  Slot standby = number("pd.standbyMin", "min");
  Slot ac_standby = number("mppt.acStandbyMins", "min");
  Slot car_standby = number("mppt.carStandbyMin", "min");
  Slot set_voltage = number("mppt.cfgAcOutVol", "V");
  Slot set_frequency = number("mppt.cfgAcOutFreq", "Hz");

  // Counters.
  Slot ac_in_energy = number("pd.chgPowerAC", "Wh");
  Slot solar_energy = number("pd.chgSunPower", "Wh");
  Slot adapter_energy = number("pd.chgPowerDC", "Wh");
  Slot ac_out_energy = number("pd.dsgPowerAC", "Wh");
  Slot dc_out_energy = number("pd.dsgPowerDC", "Wh");
  Slot inverter_time = number("pd.invUsedTime", "s");
  Slot solar_time = number("pd.mpptUsedTime", "s");
  Slot adapter_time = number("pd.dcInUsedTime", "s");
  Slot car_time = number("pd.carUsedTime", "s");
  Slot usb_time = number("pd.usbUsedTime", "s");
  Slot fast_usb_time = number("pd.usbqcUsedTime", "s");
  Slot type_c_time = number("pd.typecUsedTime", "s");
  Slot relay_switches = number("pd.relaySwitchCnt");

  // Sums and low-voltage outputs.
  Slot inputs = number("pd.wattsInSum", "W");
  Slot outputs = number("pd.wattsOutSum", "W");
  Slot ac_input = number("pd.inputWatts", "W");
  Slot dc_input = number("pd.inWatts", "W");
  Slot ac_output = number("pd.outputWatts", "W");
  Slot dc_output = number("pd.outWatts", "W");
  Slot charging_by = number("pd.chargerType");
  Slot signal = number("pd.wifiRssi", "dBm");
  Slot usb = number("pd.usb1Watts", "W");
  Slot fast_usb = number("pd.qcUsb1Watts", "W");
  Slot type_c = number("pd.typec1Watts", "W");
  Slot type_c_temperature = number("pd.typec1Temp", "°C");
  std::array<Slot, 2> car = {number("pd.carWatts", "W"), number("mppt.carOutWatts", "W")};
  std::array<Slot, 2> car_temperature = {number("pd.carTemp", "°C"), number("mppt.carTemp", "°C")};
  Slot car_voltage = number("mppt.carOutVol", "V");
  Slot car_current = number("mppt.carOutAmp", "A");

  // The pack.
  Slot soc = number("bms_bmsStatus.f32ShowSoc", "%");
  Slot whole_soc = number("bms_bmsStatus.soc", "%");
  // All packs together, and how many there are.
  Slot screen_soc = number("bms_emsStatus.f32LcdShowSoc", "%");
  std::array<Slot, 2> whole_screen_soc = {number("pd.soc", "%"),
                                          number("bms_emsStatus.lcdShowSoc", "%")};
  Slot packs = number("bms_emsStatus.maxAvailNum");
  Slot counted_soc = number("bms_bmsStatus.targetSoc", "%");
  Slot estimated_soc = number("bms_bmsStatus.actSoc", "%");
  Slot soc_difference = number("bms_bmsStatus.diffSoc", "%");
  Slot pack_voltage = number("bms_bmsStatus.vol", "V");
  Slot pack_current = number("bms_bmsStatus.amp", "A");
  Slot pack_input = number("bms_bmsStatus.inputWatts", "W");
  Slot pack_output = number("bms_bmsStatus.outputWatts", "W");
  Slot remaining_capacity = number("bms_bmsStatus.remainCap", "Ah");
  Slot full_capacity = number("bms_bmsStatus.fullCap", "Ah");
  Slot design_capacity = number("bms_bmsStatus.designCap", "Ah");
  Slot cycles = number("bms_bmsStatus.cycles");
  Slot health = number("bms_bmsStatus.soh", "%");
  Slot requested_current = number("bms_bmsStatus.tagChgAmp", "A");
  Slot pack_temperature = number("bms_bmsStatus.temp", "°C");
  Slot warmest_cell = number("bms_bmsStatus.maxCellTemp", "°C");
  Slot coldest_cell = number("bms_bmsStatus.minCellTemp", "°C");
  std::array<Slot, 2> switch_temperature = {number("bms_bmsStatus.maxMosTemp", "°C"),
                                            number("bms_bmsStatus.minMosTemp", "°C")};
  Slot cell_temperatures = numbers("bms_bmsStatus.cellTemp", "°C");
  Slot cell_voltages = numbers("bms_bmsStatus.cellVol", "V");
  Slot lowest_cell_voltage = number("bms_bmsStatus.minCellVol", "V");
  Slot highest_cell_voltage = number("bms_bmsStatus.maxCellVol", "V");
  Slot cell_voltage_spread = number("bms_bmsStatus.maxVolDiff", "V");

  // Its management.
  Slot awake = number("bms_emsStatus.emsIsNormalFlag");
  Slot time_to_full = number("bms_emsStatus.chgRemainTime", "min");
  Slot time_to_empty = number("bms_emsStatus.dsgRemainTime", "min");
  Slot pack_time_left = number("bms_bmsStatus.remainTime", "min");
  Slot time_left = number("pd.remainTime", "min");
  std::array<Slot, 2> charge_state = {number("pd.chgDsgState"),
                                      number("bms_emsStatus.sysChgDsgState")};
  Slot requested_voltage = number("bms_emsStatus.chgVol", "V");
  Slot least_parallel_voltage = number("bms_emsStatus.paraVolMin", "V");
  Slot most_parallel_voltage = number("bms_emsStatus.paraVolMax", "V");
  Slot may_charge = number("bms_emsStatus.chgCmd");
  Slot may_discharge = number("bms_emsStatus.dsgCmd");
  Slot mains = number("bms_emsStatus.chgLinePlug");
  Slot warnings = number("bms_emsStatus.bmsWarState");
  std::array<Slot, 2> fan = {number("bms_emsStatus.fanLevel"), number("inv.fanState")};

  // The solar input.
  Slot solar_voltage = number("mppt.inVol", "V");
  Slot solar_current = number("mppt.inAmp", "A");
  Slot solar_power = number("mppt.inWatts", "W");
  Slot solar_bus_voltage = number("mppt.outVol", "V");
  Slot solar_bus_current = number("mppt.outAmp", "A");
  Slot solar_bus_power = number("mppt.outWatts", "W");
  Slot solar_temperature = number("mppt.mpptTemp", "°C");
  Slot solar_plug = number("mppt.x60ChgType");
  Slot solar_charges = number("mppt.chgState");
  Slot dc_charging_by = number("mppt.chgType");

  // The inverter.
  Slot inverter_input = number("inv.inputWatts", "W");
  Slot inverter_output = number("inv.outputWatts", "W");
  Slot mains_voltage = number("inv.acInVol", "V");
  Slot mains_current = number("inv.acInAmp", "A");
  Slot mains_frequency = number("inv.acInFreq", "Hz");
  Slot output_voltage = number("inv.invOutVol", "V");
  Slot output_current = number("inv.invOutAmp", "A");
  Slot output_frequency = number("inv.invOutFreq", "Hz");
  Slot inverter_error = number("inv.errCode");
  Slot inverter_temperature = number("inv.outTemp", "°C");
  Slot charger = number("inv.chargerType");
  std::array<Slot, 2> discharging_by = {number("inv.dischargeType"), number("mppt.dischargeType")};
};

}  // namespace gridloom::sim::delta_2
