#include "catalog/device_faults.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/nearest.h"
#include "catalog/home.h"

namespace gridloom::catalog {
namespace {

constexpr double kSkew_s = 3600;

bool has(const Family& family, std::string_view name) {
  return find_device_fault(family, name) != nullptr;
}

// A device has room for some extra batteries only.
Status check_packs(const FaultRule& rule, const Family& family) {
  const auto& changes = find_device_fault(family, rule.fault)->environment;
  if (changes.size() != 1 || changes.front().first != "packs") return {};
  const double count = *rule.value;
  const auto most = static_cast<double>(pack_parts(family).size());
  if (count >= 0 && count <= most && count == std::trunc(count)) return {};
  return fail(ErrorCode::kBadParams, fmt::format("value is {} extra batteries of {}: {} takes 0 to "
                                                 "{}",
                                                 count, rule.sn, family.product, most));
}

}  // namespace

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

std::set<std::string> fault_names(const std::vector<FamilyPtr>& families) {
  std::set<std::string> names;
  for (const DeviceFault& common : common_faults()) names.insert(common.name);
  for (const FamilyPtr& family : families) {
    for (const DeviceFault& own : family->faults) names.insert(own.name);
  }
  return names;
}

const DeviceFault* find_device_fault(const Family& family, std::string_view name) {
  for (const auto* list : {&family.faults, &common_faults()}) {
    const auto found = std::ranges::find(*list, name, &DeviceFault::name);
    if (found != list->end()) return &*found;
  }
  return nullptr;
}

Status check_fault_rule(const FaultRule& rule, const Catalog& catalog) {
  std::vector<FamilyPtr> families = catalog.families();
  if (!rule.sn.empty()) families = {catalog.of_serial(rule.sn)};
  const bool known = std::ranges::any_of(
      families, [&](const FamilyPtr& family) { return has(*family, rule.fault); });
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

}  // namespace gridloom::catalog
