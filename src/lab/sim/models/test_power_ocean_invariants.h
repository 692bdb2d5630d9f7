// Identities that always hold in a PowerOcean's reports.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "sim/test_invariants.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace power_ocean {

// Half a unit of a number's sixth significant digit, to which a float field is rounded.
inline double half_digit(double value) {
  if (value == 0) return 0;
  return kHalf * std::pow(10, std::floor(std::log10(std::abs(value))) - 5) * (1 + kTrace);
}

inline void add_flow(Invariants& all) {
  const Slot mppt = all.at("mpptPwr");
  const Slot battery = all.at("bpPwr");
  const Slot load = all.at("sysLoadPwr");
  const Slot grid = all.at("sysGridPwr");
  const Slot ev = all.at("evPwr");
  const Slot rods = all.at("hrEnergyStream");
  const auto rod_w = [rods](const Observation& seen) {
    return number_of(seen.json(rods).get_array()[0].get_object().at("hrPwr"));
  };
  all.add_sum("sysLoadPwr", {"mpptPwr", "sysGridPwr", "-bpPwr"});
  all.add_not_negative({"mpptPwr", "sysLoadPwr", "evPwr"});
  all.add("charger and heating rod are a part of sysLoadPwr",
          [=](const Observation& seen) { return seen[load] >= seen[ev] + rod_w(seen); });
  all.add("without a grid, sysGridPwr = 0, and neither car nor rod draws",
          [=](const Observation& seen) {
            return given(!seen.environment().grid_up,
                         seen[grid] == 0 && seen[ev] == 0 && rod_w(seen) == 0);
          });
  all.add("no sun, no mpptPwr", [=](const Observation& seen) {
    return given(seen.environment().sun == 0, seen[mppt] == 0);
  });
  all.add("evPwr is 230 V times 6 to 32 whole amperes, or nothing", [=](const Observation& seen) {
    const double current_a = seen[ev] / 230;
    return current_a == 0 ||
           (current_a >= 6 && current_a <= 32 && current_a == std::trunc(current_a));
  });
  all.add("chargingStatus says whether evPwr > 0",
          [=, status = all.at("chargingStatus")](const Observation& seen) {
            return (seen.json(status).get_string() == "EV_CHG_STS_CHARGING") == (seen[ev] > 0);
          });
  all.add("hrPwr is at most 3581 W",
          [=](const Observation& seen) { return rod_w(seen) >= 0 && rod_w(seen) <= 3581; });
  // The limits of its packs: 2.5 kW in and 3.3 kW out each. The voltage in the middle of a step can
  // make the step's mean up to a thousandth larger.
  all.add("bpPwr is in the packs' limits", [=](const Observation& seen) {
    const double packs = 2 + seen.environment().pack_count;
    return seen[battery] >= -3303.3 * packs && seen[battery] <= 2502.5 * packs;
  });
  // Discharging stops at 5 %; a minute may go past that by what 6600 W draw in it.
  all.add_range("bpSoc", 4, 100);
}

inline void add_strings(Invariants& all) {
  const Slot trackers = all.at("mpptHeartBeat");
  const auto string_of = [trackers](const Observation& seen,
                                    std::size_t k) -> const wire::JsonObject& {
    return seen.json(trackers).get_array()[0].get_object().at("mpptPv").get_array()[k].get_object();
  };
  all.add("mpptPwr is the sum of its strings' pwr",
          [=, mppt = all.at("mpptPwr")](const Observation& seen) {
            return seen[mppt] == number_of(string_of(seen, 0).at("pwr")) +
                                     number_of(string_of(seen, 1).at("pwr"));
          });
  for (std::size_t k = 0; k < 2; ++k) {
    // The current is computed from the reported volts, and rounded to millionths.
    all.add("vol * amp = pwr of string " + std::to_string(k), [=](const Observation& seen) {
      const wire::JsonObject& string = string_of(seen, k);
      const double volts = number_of(string.at("vol"));
      const double power_w = number_of(string.at("pwr"));
      return power_w >= 0 && std::abs(volts * number_of(string.at("amp")) - power_w) <=
                                 volts * kHalf * 1e-6 + kTrace;
    });
  }
}

inline void add_phases(Invariants& all) {
  static constexpr std::array<std::string_view, 3> kPhases = {"pcsAPhase", "pcsBPhase",
                                                              "pcsCPhase"};
  std::array<Slot, kPhases.size()> active{};
  for (std::size_t k = 0; k < kPhases.size(); ++k) {
    const std::string phase(kPhases.at(k));
    const Slot power = active.at(k) = all.at(phase + ".actPwr");
    const Slot apparent = all.at(phase + ".apparentPwr");
    all.add(phase + ": apparentPwr^2 = actPwr^2 + reactPwr^2",
            [=, reactive = all.at(phase + ".reactPwr")](const Observation& seen) {
              const double made_va = std::hypot(seen[power], seen[reactive]);
              return std::abs(seen[apparent] - made_va) <= half_digit(made_va);
            });
    all.add(phase + ": vol * amp = apparentPwr",
            [=, volts = all.at(phase + ".vol"),
             current = all.at(phase + ".amp")](const Observation& seen) {
              const double bound_va =
                  seen[volts] * half_digit(seen[current]) + half_digit(seen[apparent]);
              return std::abs(seen[volts] * seen[current] - seen[apparent]) <= bound_va + kTrace;
            });
  }
  // In hundredths of a watt, as the phases have them; without a loss, as real devices report it.
  all.add("the phases' actPwr add up to bpPwr - mpptPwr",
          [=, battery = all.at("bpPwr"), mppt = all.at("mpptPwr")](const Observation& seen) {
            double sum_cw = 0;
            for (const Slot phase : active) sum_cw += std::round(seen[phase] * 100);
            return sum_cw == (seen[battery] - seen[mppt]) * 100;
          });
}

}  // namespace power_ocean

inline Invariants power_ocean_invariants(FieldTablePtr table) {
  Invariants all(std::move(table));
  power_ocean::add_flow(all);
  power_ocean::add_strings(all);
  power_ocean::add_phases(all);
  return all;
}

}  // namespace gridloom::sim
