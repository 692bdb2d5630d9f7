// Identities that always hold in a DELTA 2's reports.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "sim/test_invariants.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace delta_2 {

inline void add_sums(Invariants& all) {
  all.add_sum("pd.inputWatts", {"inv.inputWatts"});
  all.add("pd.inWatts are mppt.inWatts and a generator's, which mppt.chgType 4 shows",
          [in = all.at("pd.inWatts"), solar = all.at("mppt.inWatts"),
           by = all.at("mppt.chgType")](const Observation& seen) {
            return seen[by] == 4 ? seen[in] > seen[solar] : seen[in] == seen[solar];
          });
  // In a step of one minute the generator charges less than two percent past its stop limit.
  all.add("no generator runs where none is, or above maxCloseOilEb",
          [plug = all.at("pd.ext4p8Port"), by = all.at("mppt.chgType"),
           soc = all.at("bms_bmsStatus.f32ShowSoc"),
           most = all.at("bms_emsStatus.maxCloseOilEb")](const Observation& seen) {
            return given(seen[by] == 4, seen[plug] == 2 && seen[soc] < seen[most] + 2);
          });
  all.add_sum("pd.wattsInSum", {"pd.inputWatts", "pd.inWatts"});
  all.add_sum("pd.wattsOutSum", {"pd.outputWatts", "pd.outWatts"});
  all.add_sum("pd.outputWatts", {"inv.outputWatts"});
  all.add_sum("pd.outWatts", {"pd.carWatts", "pd.usb1Watts", "pd.usb2Watts", "pd.qcUsb1Watts",
                              "pd.qcUsb2Watts", "pd.typec1Watts", "pd.typec2Watts"});
  all.add_sum("mppt.carOutWatts", {"pd.carWatts"});
  all.add_not_negative({"pd.carWatts", "pd.usb1Watts", "pd.usb2Watts", "pd.qcUsb1Watts",
                        "pd.qcUsb2Watts", "pd.typec1Watts", "pd.typec2Watts", "inv.inputWatts",
                        "inv.outputWatts", "mppt.outWatts"});
  all.add("mppt.outWatts <= mppt.inWatts",
          [out = all.at("mppt.outWatts"), in = all.at("mppt.inWatts")](const Observation& seen) {
            return seen[out] <= seen[in];
          });
  // All values are whole watts, and the pack's are rounded to that; the losses are larger.
  all.add(
      "no more comes out than goes in",
      [in = all.at("pd.wattsInSum"), out = all.at("pd.wattsOutSum"),
       charge = all.at("bms_bmsStatus.inputWatts"), discharge = all.at("bms_bmsStatus.outputWatts"),
       packs = all.at("bms_emsStatus.maxAvailNum"), extra_charge = all.at("bms_slave.inputWatts"),
       extra_discharge = all.at("bms_slave.outputWatts")](const Observation& seen) {
        const bool extra = seen[packs] > 1;
        return seen[out] + seen[charge] + (extra ? seen[extra_charge] : 0) <=
               seen[in] + seen[discharge] + (extra ? seen[extra_discharge] : 0);
      });
}

inline void add_products(Invariants& all) {
  all.add_product("inv.acInVol", "inv.acInAmp", "inv.inputWatts");
  all.add_product("inv.invOutVol", "inv.invOutAmp", "inv.outputWatts");
  all.add_product("mppt.inVol", "mppt.inAmp", "mppt.inWatts");
  all.add_product("mppt.outVol", "mppt.outAmp", "mppt.outWatts");
  all.add_product("mppt.carOutVol", "mppt.carOutAmp", "mppt.carOutWatts");
  // The pack's volts and amperes were not computed from its watts: these are rounded as well.
  all.add("vol * amp = inputWatts - outputWatts of the pack",
          [v = all.at("bms_bmsStatus.vol"), i = all.at("bms_bmsStatus.amp"),
           in = all.at("bms_bmsStatus.inputWatts"),
           out = all.at("bms_bmsStatus.outputWatts")](const Observation& seen) {
            const double bound_w = kHalf + kHalf * (seen[v] + std::abs(seen[i])) / 1e6 + 1e-6;
            return std::abs(seen[v] * seen[i] / 1e6 - (seen[in] - seen[out])) <= bound_w;
          });
}

inline void add_switches(Invariants& all) {
  const auto off = [&all](std::string_view field, std::string_view zero) {
    all.add(std::string(field) + " 0 means " + std::string(zero) + " 0",
            [off = all.at(field), zero = all.at(zero)](const Observation& seen) {
              return given(seen[off] == 0, seen[zero] == 0);
            });
  };
  off("mppt.cfgAcEnabled", "inv.outputWatts");
  off("mppt.cfgAcEnabled", "inv.invOutVol");
  off("mppt.cfgAcEnabled", "inv.invOutFreq");
  off("mppt.carState", "pd.carWatts");
  // Packs charge each other whatever the unit may do.
  const auto rests = [&all](const std::string& may, const std::string& power) {
    all.add(may + " 0 means " + power + " 0 of a lone pack",
            [may = all.at("bms_emsStatus." + may), power = all.at("bms_bmsStatus." + power),
             packs = all.at("bms_emsStatus.maxAvailNum")](const Observation& seen) {
              return given(seen[may] == 0 && seen[packs] == 1, seen[power] == 0);
            });
  };
  rests("dsgCmd", "outputWatts");
  rests("chgCmd", "inputWatts");
  all.add("without pd.dcOutState, only the car socket gives",
          [off = all.at("pd.dcOutState"), dc = all.at("pd.outWatts"), car = all.at("pd.carWatts")](
              const Observation& seen) { return given(seen[off] == 0, seen[dc] == seen[car]); });
  all.add("the inverter makes 1800 W at most",
          [inverting = all.at("inv.dischargeType"), out = all.at("inv.outputWatts")](
              const Observation& seen) { return given(seen[inverting] == 1, seen[out] <= 1800); });
  all.add("after an overload the AC sockets are off",
          [error = all.at("inv.errCode"), on = all.at("mppt.cfgAcEnabled")](
              const Observation& seen) { return given(seen[error] == 9005, seen[on] == 0); });
  all.add("without mains, inv.inputWatts = 0",
          [in = all.at("inv.inputWatts")](const Observation& seen) {
            return given(!seen.environment().grid_up, seen[in] == 0);
          });
  for (const std::string name : {"cfgAcEnabled", "cfgAcXboost", "chgPauseFlag"}) {
    all.add_sum("mppt." + name, {"inv." + name});
  }
  // Mains power that bypasses the battery is not charging.
  all.add("mains charges with no more than cfgChgWatts, and not at all in a pause",
          [in = all.at("inv.inputWatts"), out = all.at("inv.outputWatts"),
           inverting = all.at("inv.dischargeType"), most = all.at("mppt.cfgChgWatts"),
           pause = all.at("mppt.chgPauseFlag")](const Observation& seen) {
            const bool bypass = seen[inverting] == 0 && seen.environment().grid_up;
            const double wall_w = seen[in] - (bypass ? seen[out] : 0);
            return wall_w >= 0 && wall_w <= (seen[pause] == 0 ? seen[most] : 0);
          });
}

inline void add_charge(Invariants& all) {
  const Slot soc = all.at("bms_bmsStatus.f32ShowSoc");
  all.add_range("pd.soc", 0, 100);
  all.add_range("bms_bmsStatus.f32ShowSoc", 0, 100);
  all.add_sum("pd.soc", {"bms_emsStatus.lcdShowSoc"});
  // One is rounded to percents, the other to tenths of a percent.
  const auto add_whole = [&all](std::string_view whole, std::string_view fine) {
    all.add(std::string(whole) + " is " + std::string(fine),
            [whole = all.at(whole), fine = all.at(fine)](const Observation& seen) {
              return std::abs(seen[whole] - seen[fine]) <= kHalf + kHalf / 10 + kTrace;
            });
  };
  add_whole("pd.soc", "bms_emsStatus.f32LcdShowSoc");
  add_whole("bms_bmsStatus.soc", "bms_bmsStatus.f32ShowSoc");
  const Slot packs = all.at("bms_emsStatus.maxAvailNum");
  all.add("the charge of a lone pack is that of the unit",
          [=, screen = all.at("bms_emsStatus.f32LcdShowSoc")](const Observation& seen) {
            return given(seen[packs] == 1, seen[soc] == seen[screen]);
          });
  all.add("soh is fullCap / designCap",
          [=, soh = all.at("bms_bmsStatus.soh"), full = all.at("bms_bmsStatus.fullCap"),
           whole = all.at("bms_bmsStatus.designCap")](const Observation& seen) {
            const double bound = kHalf + kHalf / seen[whole] * 100 + kTrace;
            return std::abs(seen[full] / seen[whole] * 100 - seen[soh]) <= bound;
          });
  // Reported in tenths of percents, of charges in whole mAh.
  all.add("remainCap / fullCap is f32ShowSoc, and between 0 and 1",
          [=, rest = all.at("bms_bmsStatus.remainCap"),
           full = all.at("bms_bmsStatus.fullCap")](const Observation& seen) {
            const double bound = 2 * kHalf / seen[full] * 100 + kHalf / 10 + kTrace;
            return seen[rest] >= 0 && seen[rest] <= seen[full] &&
                   std::abs(seen[rest] / seen[full] * 100 - seen[soc]) <= bound;
          });
  // A minute may go past the limit by what X-Boost and all other loads draw in it: 2.8 kW at 40 V.
  all.add("below minDsgSoc a lone pack gives nothing",
          [=, least = all.at("bms_emsStatus.minDsgSoc"),
           out = all.at("bms_bmsStatus.outputWatts")](const Observation& seen) {
            return given(seen[packs] == 1 && seen[soc] < seen[least] - 8, seen[out] == 0);
          });
  all.add("the pack takes or gives, not both",
          [in = all.at("bms_bmsStatus.inputWatts"),
           out = all.at("bms_bmsStatus.outputWatts")](const Observation& seen) {
            return seen[in] >= 0 && seen[out] >= 0 && (seen[in] == 0 || seen[out] == 0);
          });
}

inline void add_voltages(Invariants& all) {
  const Slot volts = all.at("bms_bmsStatus.vol");
  all.add("cellVol are sixteen that add up to vol, from minCellVol to maxCellVol",
          [=, cells = all.at("bms_bmsStatus.cellVol"), low = all.at("bms_bmsStatus.minCellVol"),
           high = all.at("bms_bmsStatus.maxCellVol")](const Observation& seen) {
            const wire::JsonArray& list = seen.json(cells).get_array();
            double sum_mv = 0;
            double low_mv = seen[volts];
            double high_mv = 0;
            for (const wire::Json& cell : list) {
              sum_mv += number_of(cell);
              low_mv = std::min(low_mv, number_of(cell));
              high_mv = std::max(high_mv, number_of(cell));
            }
            return list.size() == 16 && sum_mv == seen[volts] && low_mv == seen[low] &&
                   high_mv == seen[high];
          });
  all.add_sum("bms_bmsStatus.maxVolDiff",
              {"bms_bmsStatus.maxCellVol", "-bms_bmsStatus.minCellVol"});
  // Three deviations and a half of boards that sample at their own moments, under up to 100 A.
  const auto off_mv = [amps = all.at("bms_bmsStatus.amp")](const Observation& seen) {
    return 3.5 * (5 + 0.0015 * std::abs(seen[amps])) + 1;
  };
  all.add("chgVol is 2 V above vol",
          [=, asked = all.at("bms_emsStatus.chgVol")](const Observation& seen) {
            return std::abs(seen[asked] - seen[volts] - 2000) <= off_mv(seen);
          });
  all.add("paraVolMin and paraVolMax are 1 V, discharging 0.75 V, around vol",
          [=, low = all.at("bms_emsStatus.paraVolMin"), high = all.at("bms_emsStatus.paraVolMax"),
           state = all.at("pd.chgDsgState")](const Observation& seen) {
            const double margin_mv = seen[state] == 1 ? 750 : 1000;
            return std::abs(seen[low] - seen[volts] + margin_mv) <= off_mv(seen) &&
                   std::abs(seen[high] - seen[volts] - margin_mv) <= off_mv(seen);
          });
}

// A unit that has an extra battery.
inline void add_extra(Invariants& all) {
  all.add(
      "the charge of the unit is between those of its packs",
      [packs = all.at("bms_emsStatus.maxAvailNum"), screen = all.at("bms_emsStatus.f32LcdShowSoc"),
       inside = all.at("bms_bmsStatus.f32ShowSoc"),
       extra = all.at("bms_slave.f32ShowSoc")](const Observation& seen) {
        constexpr double kRounded = 0.1;
        const double low = std::min(seen[inside], seen[extra]) - kRounded;
        const double high = std::max(seen[inside], seen[extra]) + kRounded;
        return given(seen[packs] > 1, seen[screen] >= low && seen[screen] <= high);
      });
}

}  // namespace delta_2

inline Invariants delta_2_invariants(FieldTablePtr table) {
  Invariants all(std::move(table));
  delta_2::add_sums(all);
  delta_2::add_products(all);
  delta_2::add_switches(all);
  delta_2::add_charge(all);
  delta_2::add_voltages(all);
  return all;
}

}  // namespace gridloom::sim
