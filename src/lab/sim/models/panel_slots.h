// The fields of a Smart Home Panel that its model reads and writes, and the numbers of its file.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "sim/model_slots.h"
#include "sim/models/panel_clock.h"
#include "sim/models/panel_tasks.h"
#include "sim/models/parts.h"

namespace gridloom::sim::panel {

// The members of an element that the model writes, in the order of Slots.
enum : std::uint8_t { kWatts, kIsStored, kPowerMembers };
enum : std::uint8_t { kSource, kPriority, kControlMembers };
enum PackMember : std::uint8_t {
  kCharge,
  kTemperature,
  kOutput,
  kInput,
  kCharges,
  kTimeToFull,
  kTimeToEmpty,
  kSupplies,
  kChargesFromGrid,
  kInverterRuns,
  kInUse,
  kPackMembers
};

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
  MemberSlots circuits =
      members("heartbeat.loadCmdChCtrlInfos", of_elements(kLoads, {"ctrlSta", "priority"}));
  MemberSlots backups =
      members("heartbeat.backupCmdChCtrlInfos", of_elements(kPacks, {"ctrlSta", "priority"}));
  MemberSlots packs = members(
      "heartbeat.energyInfos",
      of_elements(kPacks, {"batteryPercentage", "emsBatTemp", "outputPower", "lcdInputWatts",
                           "emsChgFlag", "chargeTime", "dischargeTime", "stateBean.isPowerOutput",
                           "stateBean.isGridCharge", "stateBean.isAcOpen", "stateBean.isEnable"}));
  MemberSlots powers =
      members("channelPower.infoList", of_elements(kLoads + kPacks, {"chWatt", "powType"}));
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
  // The paths of members by element and then by name.
  static std::vector<std::string> of_elements(std::size_t count,
                                              std::initializer_list<std::string_view> names) {
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < count; ++i) {
      for (const std::string_view name : names) paths.push_back(fmt::format("[{}].{}", i, name));
    }
    return paths;
  }
  Time time(const std::string& group) {
    Time made{.parts = {}, .week = number(group + "week")};
    for (std::size_t i = 0; i < made.parts.size(); ++i) {
      made.parts.at(i) = number(group + std::string(kStampNames.at(i)));
    }
    return made;
  }
};

}  // namespace gridloom::sim::panel
