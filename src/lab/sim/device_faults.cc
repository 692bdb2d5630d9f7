#include "sim/device_faults.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/nearest.h"
#include "catalog/home.h"
#include "sim/models/parts.h"

namespace gridloom::sim {
namespace {

using catalog::DeviceFault;

using Touch = void (*)(Environment&, double);
constexpr std::array<std::pair<std::string_view, Touch>, catalog::kEnvironmentChanges.size()>
    kTouches = {
        {{"grid", [](Environment& environment,
                     double on) { environment.grid_up = environment.grid_up && on != 0; }},
         {"panel_1",
          [](Environment& environment, double share) { environment.panels[0] *= share; }},
         {"panel_2",
          [](Environment& environment, double share) { environment.panels[1] *= share; }},
         {"battery", [](Environment& environment,
                        double on) { environment.battery_ok = environment.battery_ok && on != 0; }},
         {"warmer_k", [](Environment& environment, double kelvin) { environment.air_c += kelvin; }},
         {"clock_s",
          [](Environment& environment, double seconds) {
            const Millis wrong(static_cast<std::int64_t>(seconds * 1000));
            environment.now += wrong;
            environment.local_ms =
                ((environment.local_ms + wrong.count()) % kDay_ms + kDay_ms) % kDay_ms;
          }},
         {"appliance_w",
          [](Environment& environment, double watts) { environment.appliance_w += watts; }},
         {"packs", [](Environment& environment, double count) { environment.pack_count = count; }},
         {"heater", [](Environment& environment, double on) {
            environment.heater_ok = environment.heater_ok && on != 0;
          }}}};

}  // namespace

bool holds(const FaultRule& rule, std::string_view sn, TimePoint now, Chance chance) {
  if ((!rule.sn.empty() && rule.sn != sn) || (rule.until && now >= *rule.until)) return false;
  if (rule.probability >= 1) return true;
  const auto minute = static_cast<std::uint64_t>(unix_ms(now) / kMinute_ms);
  return chance.split(sn).split(rule.fault).uniform(minute) < rule.probability;
}

void apply(const DeviceFault& fault, std::optional<double> value, Environment& environment) {
  for (const auto& [what, number] : fault.environment) {
    const auto* found =
        std::ranges::find(kTouches, what, [](const auto& row) { return row.first; });
    if (found != kTouches.end()) {
      found->second(environment, value && fault.environment.size() == 1 ? *value : number);
    }
  }
}

std::string malformed_report(std::string_view report, std::uint64_t draw) {
  switch (draw % 6) {
    case 0:
      return std::string(report.substr(0, report.size() / 2));
    case 1:
      return "\xff\xfe" + std::string(report.substr(0, 20));
    case 2:
      return "[" + std::string(report) + "]";
    case 3:
      return wire::to_text(wire::Json(report));
    case 4:
      return "";
    default:
      return std::string(report) + std::string(report);
  }
}

}  // namespace gridloom::sim
