// Identities that always hold in a Smart Home Panel's reports.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "sim/models/panel_json.h"
#include "sim/models/panel_tasks.h"
#include "sim/test_invariants.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace panel {

// The fields that the identities share.
struct Lists {
  explicit Lists(const Invariants& all)
      : powers(all.at("channelPower.infoList")),
        controls(all.at("heartbeat.loadCmdChCtrlInfos")),
        backups(all.at("heartbeat.backupCmdChCtrlInfos")),
        packs(all.at("heartbeat.energyInfos")) {}
  Slot powers;
  Slot controls;
  Slot backups;
  Slot packs;

  struct Power {
    double watts = 0;
    bool stored = false;  // supplied by the packs
  };
  [[nodiscard]] Power power(const Observation& seen, std::size_t channel) const {
    const wire::Json& info = at(seen.json(powers), channel);
    return {.watts = number(at(info, "chWatt")), .stored = integer(info, "powType") == 1};
  }
};

inline void add_power(Invariants& all, const Lists& lists) {
  // In hundredths of a watt, like all values used here.
  all.add("the packs give what circuits take from them, 2 % and 15 W",
          [=](const Observation& seen) {
            double fed_w = 0;
            double given_w = 0;
            for (std::size_t i = 0; i < kLoads + kPacks; ++i) {
              const Lists::Power power = lists.power(seen, i);
              (i < kLoads ? fed_w : given_w) += power.stored ? power.watts : 0;
            }
            return std::abs(given_w - (fed_w > 0 ? 15 + 1.02 * fed_w : 0)) <= kHalf / 100 + kTrace;
          });
  // A charge in whole microcoulombs over a millisecond is off by up to six hundredths of a watt.
  all.add("no pack gives or takes more than its ratePower and its channel let through",
          [=, limits = all.at("loadChCurInfo.cur"),
           volts = all.at("gridInfo.gridVol")](const Observation& seen) {
            bool good = true;
            for (std::size_t k = 0; k < kPacks; ++k) {
              const double watts = lists.power(seen, kLoads + k).watts;
              const double limit_a = number(at(seen.json(limits), kLoads + k));
              good = good && watts <= number(at(at(seen.json(lists.packs), k), "ratePower")) + 0.06;
              good = good && watts <= limit_a * seen[volts] + 0.06;
            }
            return good;
          });
  all.add("gridSta says whether there is a grid",
          [state = all.at("heartbeat.gridSta")](const Observation& seen) {
            return seen[state] == (seen.environment().grid_up ? 1 : 0);
          });
}

inline void add_circuits(Invariants& all, const Lists& lists) {
  all.add("channelPower.infoList has twelve channels", [=](const Observation& seen) {
    return seen.json(lists.powers).get_array().size() == kLoads + kPacks;
  });
  all.add("a circuit takes what its limit allows",
          [=, limits = all.at("loadChCurInfo.cur"),
           volts = all.at("gridInfo.gridVol")](const Observation& seen) {
            for (std::size_t i = 0; i < kLoads; ++i) {
              const double power_w = lists.power(seen, i).watts;
              const double limit_w = number(at(seen.json(limits), i)) * seen[volts];
              if (power_w < 0 || power_w > limit_w) return false;
            }
            return true;
          });
  all.add("a circuit that is off, not in use, or left by the grid takes nothing",
          [=, use = all.at("chUseInfo.isEnable")](const Observation& seen) {
            for (std::size_t i = 0; i < kLoads; ++i) {
              const wire::Json& control = at(seen.json(lists.controls), i);
              const bool off =
                  integer(control, "ctrlMode") == 1 && integer(control, "ctrlSta") == 2;
              const bool in_use = at(seen.json(use), i) == wire::Json(true);
              const Lists::Power power = lists.power(seen, i);
              const bool dark = !seen.environment().grid_up && !power.stored;
              if ((off || !in_use || dark) && power.watts != 0) return false;
            }
            return true;
          });
  all.add("a circuit's priority is the emergency strategy's",
          [=, strategy = all.at("emergencyStrategy.chSta")](const Observation& seen) {
            for (std::size_t i = 0; i < kLoads; ++i) {
              if (integer(at(seen.json(strategy), i), "priority") !=
                  integer(at(seen.json(lists.controls), i), "priority")) {
                return false;
              }
            }
            return true;
          });
}

inline void add_packs(Invariants& all, const Lists& lists) {
  for (std::size_t k = 0; k < kPacks; ++k) {
    const std::string name = "pack " + std::to_string(k);
    all.add(name + "'s watts are its channel's, to or from it", [=](const Observation& seen) {
      const wire::Json& pack = at(seen.json(lists.packs), k);
      const double in_w = number(at(pack, "lcdInputWatts"));
      const double out_w = number(at(pack, "outputPower"));
      const Lists::Power power = lists.power(seen, kLoads + k);
      return in_w >= 0 && out_w >= 0 && (in_w == 0 || out_w == 0) &&
             std::round(power.watts) == in_w + out_w &&
             integer(at(pack, "stateBean"), "isPowerOutput") == (power.stored ? 1 : 0);
    });
    all.add(name + " charges from the grid only", [=](const Observation& seen) {
      return given(!seen.environment().grid_up,
                   number(at(at(seen.json(lists.packs), k), "lcdInputWatts")) == 0);
    });
    // In an outage packs discharge to 3 %; a minute may go past that by what 3600 W draw in it.
    all.add(name + "'s batteryPercentage is in its limits", [=](const Observation& seen) {
      const double soc = number(at(at(seen.json(lists.packs), k), "batteryPercentage"));
      return soc >= 0 && soc <= 100;
    });
    all.add(name + " does what a hand on it says", [=](const Observation& seen) {
      const wire::Json& control = at(seen.json(lists.backups), k);
      const wire::Json& pack = at(seen.json(lists.packs), k);
      const auto state = integer(control, "ctrlSta");
      const bool charges = number(at(pack, "lcdInputWatts")) != 0;
      const bool gives = number(at(pack, "outputPower")) != 0;
      return given(integer(control, "ctrlMode") != 0,
                   (state == 0 || !charges) && (state == 1 || !gives));
    });
  }
  all.add_range("heartbeat.backupBatPer", 0, 100);
  // All three are rounded to whole percents, and the packs are of the same size.
  all.add("backupBatPer is the mean of the packs",
          [=, total = all.at("heartbeat.backupBatPer")](const Observation& seen) {
            double sum = 0;
            for (std::size_t k = 0; k < kPacks; ++k) {
              sum += number(at(at(seen.json(lists.packs), k), "batteryPercentage"));
            }
            return std::abs(seen[total] - sum / kPacks) <= 2 * kHalf;
          });
}

}  // namespace panel

inline Invariants smart_home_panel_invariants(FieldTablePtr table) {
  Invariants all(std::move(table));
  const panel::Lists lists(all);
  panel::add_power(all, lists);
  panel::add_circuits(all, lists);
  panel::add_packs(all, lists);
  return all;
}

}  // namespace gridloom::sim
