// Identities that always hold in a PowerStream's reports.
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "sim/test_invariants.h"

namespace gridloom::sim {
namespace power_stream {

inline void add_sums(Invariants& all) {
  all.add_sum("20_1.invOutputWatts",
              {"20_1.pv1InputWatts", "20_1.pv2InputWatts", "20_1.batInputWatts"});
  all.add_sum("20_1.pvToInvWatts", {"20_1.pv1InputWatts", "20_1.pv2InputWatts"});
  all.add_sum("20_1.invOutputWatts", {"20_1.invToPlugWatts", "20_1.invToOtherWatts"});
  all.add_sum("20_1.plugTotalWatts", {"20_1.invToPlugWatts", "20_1.gridConsWatts"});
  all.add_sum("20_1.dynamicWatts", {"20_1.plugTotalWatts"});
  all.add_sum("20_1.consWatt", {"-20_1.plugTotalWatts"});
  all.add_sum("20_1.geneWatt", {"20_1.invOutputWatts"});
  all.add_sum("20_1.floadLimitOut", {"20_1.invOutputWatts"});
  for (const std::string_view name :
       {"pv1InputWatts", "pv2InputWatts", "pvToInvWatts", "batInputWatts", "invOutputWatts",
        "plugTotalWatts", "dynamicWatts", "invToPlugWatts", "invToOtherWatts", "gridConsWatts",
        "invDemandWatts", "spaceDemandWatts"}) {
    all.add("20_1." + std::string(name) + " is in whole watts",
            [power = all.at("20_1." + std::string(name))](const Observation& seen) {
              return std::fmod(seen[power], 10) == 0;
            });
  }
  all.add_not_negative({"20_1.pv1InputWatts", "20_1.pv2InputWatts", "20_1.invOutputWatts",
                        "20_1.plugTotalWatts", "20_1.invToPlugWatts", "20_1.invToOtherWatts",
                        "20_1.gridConsWatts", "20_1.invDemandWatts"});
}

inline void add_demand(Invariants& all) {
  const Slot output = all.at("20_1.invOutputWatts");
  const Slot demand = all.at("20_1.invDemandWatts");
  const Slot wanted = all.at("20_1.spaceDemandWatts");
  const Slot permanent = all.at("20_1.permanentWatts");
  const Slot rated = all.at("20_1.ratedPower");
  const Slot on = all.at("20_1.invOnOff");
  // A set may request tenths of a watt; the inverter uses whole watts.
  all.add("spaceDemandWatts = permanentWatts + dynamicWatts",
          [=, plugs = all.at("20_1.dynamicWatts")](const Observation& seen) {
            return seen[wanted] == std::floor(seen[permanent] / 10) * 10 + seen[plugs];
          });
  all.add("invDemandWatts is spaceDemandWatts up to the rating", [=](const Observation& seen) {
    const bool connected = seen.environment().grid_up && seen[on] != 0;
    return seen[demand] == (connected ? std::min(seen[wanted], seen[rated]) : 0);
  });
  all.add("where all that is asked for is given, other loads get permanentWatts",
          [=, other = all.at("20_1.invToOtherWatts")](const Observation& seen) {
            const bool all_given = seen[output] == seen[demand] && seen[demand] == seen[wanted];
            return given(all_given, seen[other] == std::floor(seen[permanent] / 10) * 10);
          });
  all.add("ratedPower is 600 or 800 W",
          [=](const Observation& seen) { return seen[rated] == 6000 || seen[rated] == 8000; });
  all.add("invOutputWatts <= ratedPower",
          [=](const Observation& seen) { return seen[output] <= seen[rated]; });
  all.add("antiBackFlowFlag only with feedProtect",
          [flag = all.at("20_1.antiBackFlowFlag"), protect = all.at("20_1.feedProtect")](
              const Observation& seen) { return given(seen[flag] == 1, seen[protect] == 1); });
  all.add("without a grid, or switched off, nothing goes out", [=](const Observation& seen) {
    return given(!seen.environment().grid_up || seen[on] == 0, seen[output] == 0);
  });
}

inline void add_battery(Invariants& all) {
  const Slot soc = all.at("20_1.batSoc");
  const Slot power = all.at("20_1.batInputWatts");
  all.add_range("20_1.batSoc", 0, 100);
  all.add("supplyPriority 1 takes nothing from the battery",
          [=, priority = all.at("20_1.supplyPriority")](const Observation& seen) {
            return given(seen[priority] == 1, seen[power] <= 0);
          });
  // Tenths of V, A and W, all rounded. The port loses 3 % on the way; the cells' hysteresis can
  // make a step's mean differ from the requested power by up to a hundredth.
  all.add("batInputVolt * batInputCur are batInputWatts and what the port loses",
          [=, volts = all.at("20_1.batInputVolt"),
           current = all.at("20_1.batInputCur")](const Observation& seen) {
            const double port = 10 * (seen[power] > 0 ? seen[power] / 0.97 : seen[power] * 0.97);
            const double rounding = kHalf * (seen[volts] + std::abs(seen[current]) + kHalf);
            return std::abs(seen[volts] * seen[current] - port) <= rounding + std::abs(port) / 100;
          });
  // A minute may go past a limit by what 600 W draw in it.
  all.add("below lowerLimit the battery gives nothing",
          [=, lower = all.at("20_1.lowerLimit")](const Observation& seen) {
            return given(seen[soc] < seen[lower] - 1, seen[power] <= 0);
          });
  all.add("above upperLimit the battery takes nothing",
          [=, upper = all.at("20_1.upperLimit")](const Observation& seen) {
            return given(seen[soc] > seen[upper] + 1, seen[power] >= 0);
          });
}

inline void add_panels(Invariants& all) {
  for (const std::string_view input : {"20_1.pv1", "20_1.pv2"}) {
    const auto at = [&](std::string_view name) {
      return all.at(std::string(input) + std::string(name));
    };
    // Tenths of V, A and W; the current is truncated, not rounded, and the voltage it was computed
    // from is within half a tenth of the reported one.
    all.add(std::string(input) + "InputCur is InputWatts / InputVolt, cut to tenths",
            [volts = at("InputVolt"), current = at("InputCur"),
             power = at("InputWatts")](const Observation& seen) {
              const double power_raw = 10 * seen[power];
              return seen[current] * (seen[volts] - kHalf) <= power_raw + kTrace &&
                     (seen[current] + 1) * (seen[volts] + kHalf) >= power_raw - kTrace;
            });
    all.add(std::string(input) + "Statue is 4 where there is light, and else 1",
            [state = at("Statue"), dark = all.at("20_1.uwlowLightFlag")](const Observation& seen) {
              return seen[state] == (seen[dark] == 0 ? 4 : 1);
            });
    all.add(std::string("no sun, no power and no voltage at ") + std::string(input),
            [volts = at("InputVolt"), power = at("InputWatts")](const Observation& seen) {
              return given(seen.environment().sun == 0, seen[power] == 0 && seen[volts] == 0);
            });
  }
  all.add("invStatue is 6 where the inverter gives, and else 1",
          [state = all.at("20_1.invStatue"), output = all.at("20_1.invOutputWatts")](
              const Observation& seen) { return seen[state] == (seen[output] > 0 ? 6 : 1); });
}

}  // namespace power_stream

inline Invariants power_stream_invariants(FieldTablePtr table) {
  Invariants all(std::move(table));
  power_stream::add_sums(all);
  power_stream::add_demand(all);
  power_stream::add_battery(all);
  power_stream::add_panels(all);
  return all;
}

}  // namespace gridloom::sim
