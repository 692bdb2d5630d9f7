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

constexpr double kSkew_s = 3600;

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

bool has(const catalog::Family& family, std::string_view name) {
  return find_device_fault(family, name) != nullptr;
}

// A device has room for some extra batteries only.
Status check_packs(const FaultRule& rule, const catalog::Family& family) {
  const auto& changes = find_device_fault(family, rule.fault)->environment;
  if (changes.size() != 1 || changes.front().first != "packs") return {};
  const double count = *rule.value;
  const auto most = static_cast<double>(catalog::pack_parts(family).size());
  if (count >= 0 && count <= most && count == std::trunc(count)) return {};
  return fail(ErrorCode::kBadParams, fmt::format("value is {} extra batteries of {}: {} takes 0 to "
                                                 "{}",
                                                 count, rule.sn, family.product, most));
}

}  // namespace

bool holds(const FaultRule& rule, std::string_view sn, TimePoint now, Chance chance) {
  if ((!rule.sn.empty() && rule.sn != sn) || (rule.until && now >= *rule.until)) return false;
  if (rule.probability >= 1) return true;
  const auto minute = static_cast<std::uint64_t>(unix_ms(now) / kMinute_ms);
  return chance.split(sn).split(rule.fault).uniform(minute) < rule.probability;
}

const std::vector<DeviceFault>& common_faults() {
  const auto make = [](std::string_view name, std::string_view description) {
    DeviceFault made;
    made.name = name;
    made.description = description;
    return made;
  };
  static const std::vector<DeviceFault> all = [&] {
    std::vector<DeviceFault> made = {
        make(common_fault::kDisconnect, "The device is disconnected from the network"),
        make(common_fault::kFlapping,
             "The device is connected for value seconds, then disconnected for value seconds (30)"),
        make(common_fault::kClockSkew, "The device's clock is value seconds ahead (3600)"),
        make(common_fault::kMalformed,
             "The device's reports are malformed: truncated, not JSON, values of other types"),
        make(common_fault::kNoReply, "The device carries out sets and does not reply")};
    made[2].environment = {{"clock_s", kSkew_s}};
    return made;
  }();
  return all;
}

std::set<std::string> fault_names(const std::vector<catalog::FamilyPtr>& families) {
  std::set<std::string> names;
  for (const DeviceFault& common : common_faults()) names.insert(common.name);
  for (const catalog::FamilyPtr& family : families) {
    for (const DeviceFault& own : family->faults) names.insert(own.name);
  }
  return names;
}

const DeviceFault* find_device_fault(const catalog::Family& family, std::string_view name) {
  for (const auto* list : {&family.faults, &common_faults()}) {
    const auto found = std::ranges::find(*list, name, &DeviceFault::name);
    if (found != list->end()) return &*found;
  }
  return nullptr;
}

Status check_fault_rule(const FaultRule& rule, const catalog::Catalog& catalog) {
  std::vector<catalog::FamilyPtr> families = catalog.families();
  if (!rule.sn.empty()) families = {catalog.of_serial(rule.sn)};
  const bool known = std::ranges::any_of(
      families, [&](const catalog::FamilyPtr& family) { return has(*family, rule.fault); });
  if (!known) {
    const std::string who = rule.sn.empty() ? "no virtual device has a"
                                            : fmt::format("{} has no", families.front()->id);
    const std::set<std::string> names = fault_names(families);
    return fail(
        ErrorCode::kBadParams,
        fmt::format("{} fault \"{}\"; there are {}{}", who, rule.fault, fmt::join(names, ", "),
                    did_you_mean(rule.fault, {names.begin(), names.end()})));
  }
  if (rule.value && !rule.sn.empty()) {
    const Status fits = check_packs(rule, *families.front());
    if (!fits) return fits;
  }
  if (rule.probability <= 0 || rule.probability > 1) {
    return fail(ErrorCode::kBadParams,
                fmt::format("probability is {}: must be above 0 and at most 1", rule.probability));
  }
  return {};
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
