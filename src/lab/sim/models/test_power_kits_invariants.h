// Identities that always hold in the Power Kits' reports.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/test_invariants.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace kits {

// Resolves "group.field" to the field of the group's first module.
inline std::string first_of(const Invariants& all, std::string_view name) {
  const std::size_t dot = name.find('.');
  const std::string group(name.substr(0, dot));
  return group + '.' + all.modules(group).front() + std::string(name.substr(dot));
}
inline Slot slot_of(const Invariants& all, std::string_view name) {
  return all.at(first_of(all, name));
}
inline void add_sum(Invariants& all, std::string_view left, std::vector<std::string> terms) {
  for (std::string& term : terms) term = first_of(all, term);
  all.add_sum(first_of(all, left), terms);
}
inline void add_product(Invariants& all, std::string_view volts, std::string_view current,
                        std::string_view power) {
  all.add_product(first_of(all, volts), first_of(all, current), first_of(all, power));
}

inline double sum_of(const wire::Json& list) {
  double sum = 0;
  for (const wire::Json& each : list.get_array()) sum += number_of(each);
  return sum;
}

inline void add_pack(Invariants& all, const std::string& sn) {
  const std::string pack = "bp2000." + sn + '.';
  const Slot in = all.at(pack + "inWatts");
  const Slot out = all.at(pack + "outWatts");
  all.add_range(pack + "soc", 0, 100);
  all.add(sn + ": it takes or gives, not both", [=](const Observation& seen) {
    return seen[in] >= 0 && seen[out] <= 0 && (seen[in] == 0 || seen[out] == 0);
  });
  all.add(sn + ": open switches let nothing through",
          [=, state = all.at(pack + "chgDsgMosState")](const Observation& seen) {
            return given(seen[state] == 0, seen[in] == 0 && seen[out] == 0);
          });
  all.add(sn + ": minCellVol <= maxCellVol",
          [low = all.at(pack + "minCellVol"), high = all.at(pack + "maxCellVol")](
              const Observation& seen) { return seen[low] <= seen[high]; });
  // Both are rounded: the charge to percents, the capacities to mAh.
  all.add(sn + ": remainCap / fullCap is soc, and between 0 and 1",
          [soc = all.at(pack + "soc"), rest = all.at(pack + "remainCap"),
           full = all.at(pack + "fullCap")](const Observation& seen) {
            const double bound = kHalf + 2 * kHalf / seen[full] * 100 + kTrace;
            return seen[rest] >= 0 && seen[rest] <= seen[full] &&
                   std::abs(seen[rest] / seen[full] * 100 - seen[soc]) <= bound;
          });
  // The pack's volts and amperes were not computed from its watts: these are rounded as well.
  all.add(sn + ": vol * amp = inWatts + outWatts",
          [=, v = all.at(pack + "vol"), i = all.at(pack + "amp")](const Observation& seen) {
            const double bound_w = kHalf + kHalf * (seen[v] + std::abs(seen[i])) / 1e6 + 1e-6;
            return std::abs(seen[v] * seen[i] / 1e6 - (seen[in] + seen[out])) <= bound_w;
          });
  for (const std::string name :
       {"totalInWatts", "totalOutWatts", "totalAmp", "totalSoc", "totalFullCap"}) {
    all.add_sum(pack + name, {"bmsTotal." + name});
  }
}

inline void add_packs(Invariants& all) {
  std::vector<std::string> in;
  std::vector<std::string> out;
  std::vector<Slot> amps;
  std::vector<Slot> socs;
  std::vector<Slot> fulls;
  for (const std::string& sn : all.modules("bp2000")) {
    add_pack(all, sn);
    in.push_back("bp2000." + sn + ".inWatts");
    out.push_back("bp2000." + sn + ".outWatts");
    amps.push_back(all.at("bp2000." + sn + ".amp"));
    socs.push_back(all.at("bp2000." + sn + ".soc"));
    fulls.push_back(all.at("bp2000." + sn + ".fullCap"));
  }
  // In whole ampere-hours, from packs that report mAh.
  all.add("totalFullCap is the packs' fullCap together",
          [fulls, total = all.at("bmsTotal.totalFullCap")](const Observation& seen) {
            double sum_mah = 0;
            for (const Slot full : fulls) sum_mah += seen[full];
            const double bound_mah = kHalf * static_cast<double>(fulls.size()) + kTrace;
            return seen[total] * 1000 <= sum_mah + bound_mah &&
                   (seen[total] + 1) * 1000 > sum_mah - bound_mah;
          });
  all.add_sum("bmsTotal.totalInWatts", in);
  all.add_sum("bmsTotal.totalOutWatts", out);
  // In 0.1 A, from packs that report mA.
  all.add("totalAmp is the packs' amp together",
          [amps, total = all.at("bmsTotal.totalAmp")](const Observation& seen) {
            double sum_ma = 0;
            for (const Slot amp : amps) sum_ma += seen[amp];
            const double bound_ma = kHalf * 100 + kHalf * static_cast<double>(amps.size());
            return std::abs(100 * seen[total] - sum_ma) <= bound_ma + kTrace;
          });
  // In whole percents, from packs that report whole percents.
  all.add("totalSoc is the mean of the packs' soc",
          [socs, total = all.at("bmsTotal.totalSoc")](const Observation& seen) {
            double sum = 0;
            for (const Slot soc : socs) sum += seen[soc];
            return std::abs(seen[total] - sum / static_cast<double>(socs.size())) <= 2 * kHalf;
          });
  // One pack may charge another.
  all.add("above chgSetSoc the packs take nothing together",
          [soc = all.at("bmsTotal.totalSoc"), most = slot_of(all, "bp2000.chgSetSoc"),
           in_w = all.at("bmsTotal.totalInWatts"),
           out_w = all.at("bmsTotal.totalOutWatts")](const Observation& seen) {
            return given(seen[soc] > seen[most], seen[in_w] + seen[out_w] <= 0);
          });
}

inline void add_channels(Invariants& all) {
  struct Panel {
    std::string_view watts;
    std::string_view amps;
    std::string_view volts;
    std::string_view total;
  };
  for (const Panel& panel :
       {Panel{"ldac.acChWatt", "ldac.acChCur", "ldac.acInVol", "ldac.acTotalWatts"},
        Panel{"lddc.dcChWatt", "lddc.dcChCur", "lddc.dcInVol", "lddc.dcTotalWatts"}}) {
    const Slot watts = slot_of(all, panel.watts);
    all.add(std::string(panel.watts) + " add up to " + std::string(panel.total),
            [=, total = slot_of(all, panel.total)](const Observation& seen) {
              return sum_of(seen.json(watts)) == seen[total];
            });
    all.add(std::string(panel.watts) + " are the volts times " + std::string(panel.amps),
            [=, amps = slot_of(all, panel.amps),
             volts = slot_of(all, panel.volts)](const Observation& seen) {
              const wire::JsonArray& power = seen.json(watts).get_array();
              const wire::JsonArray& current = seen.json(amps).get_array();
              for (std::size_t k = 0; k < power.size(); ++k) {
                if (!multiplies(seen[volts], number_of(current[k]), number_of(power[k]))) {
                  return false;
                }
              }
              return power.size() == current.size();
            });
  }
  add_sum(all, "ldac.acTotalWatts", {"ichigh.outWatts"});
  add_sum(all, "lddc.dcTotalWatts", {"bbcout.ldOutWatts"});
  all.add("an open relay's channel gives nothing",
          [watts = slot_of(all, "lddc.dcChWatt"),
           relays = slot_of(all, "lddc.dcChRelay")](const Observation& seen) {
            const auto closed = static_cast<unsigned>(static_cast<int>(seen[relays]));
            for (std::size_t k = 0; k < 6; ++k) {
              const bool open = (closed >> k & 1U) == 0;
              if (open && number_of(seen.json(watts).get_array()[k]) != 0) return false;
            }
            return true;
          });
  all.add("without appCfg.powerOn there is nothing at the AC output",
          [on = slot_of(all, "ichigh.appCfg.powerOn"), power = slot_of(all, "ichigh.outWatts"),
           volts = slot_of(all, "ichigh.outVol")](const Observation& seen) {
            return given(seen[on] == 0, seen[power] == 0 && seen[volts] == 0);
          });
  all.add("without dcOutSta there is nothing at the DC output",
          [on = slot_of(all, "bbcout.dcOutSta"), power = slot_of(all, "bbcout.ldOutWatts")](
              const Observation& seen) { return given(seen[on] == 0, seen[power] == 0); });
}

inline void add_converters(Invariants& all) {
  for (const std::string name : {"kitscc", "bbcin", "bbcout"}) {
    add_sum(all, name + ".batCurr", {name + ".l1Curr", name + ".l2Curr"});
    add_product(all, name + ".batVol", name + ".batCurr", name + ".batWatts");
  }
  add_product(all, "kitscc.pv1InVol", "kitscc.pv1InCurr", "kitscc.pv1InWatts");
  add_product(all, "kitscc.pv2InVol", "kitscc.pv2InCurr", "kitscc.pv2InWatts");
  add_product(all, "bbcin.dcInVol", "bbcin.dcInCurr", "bbcin.dcInWatts");
  add_product(all, "bbcout.ldOutVol", "bbcout.ldOutCurr", "bbcout.ldOutWatts");
  add_product(all, "ichigh.inVol", "ichigh.inCurr", "ichigh.inWatts");
  add_product(all, "ichigh.outVol", "ichigh.outCurr", "ichigh.outWatts");
  add_sum(all, "ichigh.outVa", {"ichigh.outWatts"});
  all.add("the battery gets no more than the panels give",
          [first = slot_of(all, "kitscc.pv1InWatts"), second = slot_of(all, "kitscc.pv2InWatts"),
           power = slot_of(all, "kitscc.batWatts")](const Observation& seen) {
            return seen[first] >= 0 && seen[second] >= 0 &&
                   seen[first] + seen[second] >= seen[power];
          });
  all.add("no sun, no kitscc.batWatts",
          [power = slot_of(all, "kitscc.batWatts")](const Observation& seen) {
            return given(seen.environment().sun == 0, seen[power] == 0);
          });
  all.add("without a grid, ichigh.inWatts = 0",
          [power = slot_of(all, "ichigh.inWatts")](const Observation& seen) {
            return given(!seen.environment().grid_up, seen[power] == 0);
          });
  all.add("with chgPause, bbcin.dcInWatts = 0",
          [pause = slot_of(all, "bbcin.chgPause"), power = slot_of(all, "bbcin.dcInWatts")](
              const Observation& seen) { return given(seen[pause] == 1, seen[power] == 0); });
  // The limit applies at the bus voltage before the step; no pack has more than 58.4 V.
  all.add("bbcin.batWatts is in what bbcin.chgMaxCurr allows",
          [power = slot_of(all, "bbcin.batWatts"), most = slot_of(all, "bbcin.chgMaxCurr")](
              const Observation& seen) { return seen[power] <= seen[most] / 1000 * 58.4; });
}

}  // namespace kits

inline Invariants power_kits_invariants(FieldTablePtr table) {
  Invariants all(std::move(table));
  kits::add_packs(all);
  kits::add_channels(all);
  kits::add_converters(all);
  return all;
}

}  // namespace gridloom::sim
