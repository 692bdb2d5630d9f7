// The fields of a Smart Home Panel that its model reads and writes, and the numbers of its file.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "sim/model_slots.h"
#include "sim/models/panel_clock.h"
#include "sim/models/parts.h"

namespace gridloom::sim::panel {

// Powers and efficiencies, from the section `physics`. Each pack says its own capacity.
struct Ratings {
  double cells = 0;  // of each pack
  double resistance_ohm = 0;
  Taper taper;
  double charge_w = 0;          // per channel
  double default_charge_w = 0;  // where neither a task nor a hand sets a power
  double inverter_efficiency = 1;
  double overhead_w = 0;  // this and `overhead_share` of the load: the panel's own need on storage
  double overhead_share = 0;
};

struct Slots : ModelSlots {
  using ModelSlots::ModelSlots;

  Ratings ratings = {.cells = rating("batteries.packs", "cells"),
                     .resistance_ohm = rating("batteries.packs", "resistance_ohm"),
                     .taper = {.from_percent = rating("batteries.packs", "taper_percent"),
                               .end_share = rating("batteries.packs", "taper_share")},
                     .charge_w = rating("charger", "rated_w"),
                     .default_charge_w = rating("model", "default_charge_w"),
                     .inverter_efficiency = rating("inverter", "efficiency"),
                     .overhead_w = rating("inverter", "idle_w"),
                     .overhead_share = rating("model", "overhead_share")};

  // A time: a field for each of kStampNames, and the day of the week.
  struct Time {
    std::array<Slot, kStampNames.size()> parts;
    Slot week;
  };
  std::array<Time, 2> times = {time("heartbeat.time."), time("channelPower.time.")};
  Slot time_zone = number("heartbeat.timezoneInfo.timezone");
  Slot work_time = number("heartbeat.workTime", "s");
  Slot grid_up = number("heartbeat.gridSta");

  // The lists of the channels' and packs' states, and of the channels' powers.
  Slot circuits = json("heartbeat.loadCmdChCtrlInfos");
  Slot backups = json("heartbeat.backupCmdChCtrlInfos");
  Slot packs = json("heartbeat.energyInfos");
  Slot powers = json("channelPower.infoList");
  Slot capacity = number("heartbeat.backupFullCap", "Ah");
  Slot soc = number("heartbeat.backupBatPer", "%");
  Slot time_left = number("heartbeat.backupChaTime", "min");

  // The day's counters, and the day.
  Slot grid_energy = number("heartbeat.gridDayWatth", "Wh");
  Slot storage_energy = number("heartbeat.backupDayWatth", "Wh");
  Slot grid_matrix = json("mainsLoadWatt.watth");
  Slot storage_matrix = json("backupLoadWatt.watth");
  Slot charge_matrix = json("topupLoadWatt.watth");
  std::array<Slot, 3> days = {json("mainsLoadWatt.rtc"), json("backupLoadWatt.rtc"),
                              json("topupLoadWatt.rtc")};

  // The self check.
  Slot check_inputs = json("selfCheck.vIn");
  Slot check_outputs = json("selfCheck.vOut");
  Slot check_result = number("selfCheck.result");

  // Settings.
  Slot in_use = json("chUseInfo.isEnable");
  Slot current_limits = json("loadChCurInfo.cur");
  Slot nominal_voltage = number("gridInfo.gridVol", "V");
  Slot floor = number("backupChaDiscCfg.discLower", "%");
  Slot full = number("backupChaDiscCfg.forceChargeHigh", "%");
  Slot strategy = json("emergencyStrategy.chSta");
  Slot strategy_on = number("emergencyStrategy.isCfg");
  Slot sheds_one_by_one = number("emergencyStrategy.overloadMode");
  Slot eps = number("epsModeInfo.eps");
  Slot tasks = json("timeTask");

 private:
  Time time(const std::string& group) {
    Time made{.parts = {}, .week = number(group + "week")};
    for (std::size_t i = 0; i < made.parts.size(); ++i) {
      made.parts.at(i) = number(group + std::string(kStampNames.at(i)));
    }
    return made;
  }
};

}  // namespace gridloom::sim::panel
