#include "sim/troubles.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "sim/models/parts.h"

namespace gridloom::sim {
namespace {

using catalog::Trouble;

constexpr double kSkew_s = 3600;

using Touch = void (*)(Surroundings&, double);
constexpr std::array<std::pair<std::string_view, Touch>, catalog::kTroubleMeans.size()> kTouches = {
    {{"grid", [](Surroundings& around, double on) { around.grid_up = around.grid_up && on != 0; }},
     {"panel_1", [](Surroundings& around, double share) { around.panels[0] *= share; }},
     {"panel_2", [](Surroundings& around, double share) { around.panels[1] *= share; }},
     {"battery",
      [](Surroundings& around, double on) { around.battery_ok = around.battery_ok && on != 0; }},
     {"warmer_k", [](Surroundings& around, double kelvin) { around.air_c += kelvin; }},
     {"clock_s",
      [](Surroundings& around, double seconds) {
        const Millis wrong(static_cast<std::int64_t>(seconds * 1000));
        around.now += wrong;
        around.local_ms = ((around.local_ms + wrong.count()) % kDay_ms + kDay_ms) % kDay_ms;
      }},
     {"appliance_w", [](Surroundings& around, double watts) { around.appliance_w += watts; }},
     {"heater",
      [](Surroundings& around, double on) { around.heater_ok = around.heater_ok && on != 0; }}}};

bool has(const catalog::Family& family, std::string_view name) {
  return find_trouble(family, name) != nullptr;
}

std::set<std::string> names_of(const std::vector<catalog::FamilyPtr>& families) {
  std::set<std::string> names;
  for (const Trouble& common : common_troubles()) names.insert(common.name);
  for (const catalog::FamilyPtr& family : families) {
    for (const Trouble& own : family->troubles) names.insert(own.name);
  }
  return names;
}

}  // namespace

bool holds(const FaultOrder& order, std::string_view sn, TimePoint now, Chance chance) {
  if ((!order.sn.empty() && order.sn != sn) || (order.until && now >= *order.until)) return false;
  if (order.share >= 1) return true;
  const auto minute = static_cast<std::uint64_t>(unix_ms(now) / kMinute_ms);
  return chance.split(sn).split(order.fault).uniform(minute) < order.share;
}

const std::vector<Trouble>& common_troubles() {
  const auto make = [](std::string_view name, std::string_view means) {
    Trouble made;
    made.name = name;
    made.means = means;
    return made;
  };
  static const std::vector<Trouble> all = [&] {
    std::vector<Trouble> made = {
        make(trouble::kDisconnect, "The device is cut off"),
        make(trouble::kFlapping, "It comes and goes: value seconds there, value seconds away (30)"),
        make(trouble::kClockSkew, "Its clock is value seconds ahead (3600)"),
        make(trouble::kMalformed, "Its reports are broken: cut off, no JSON, other types"),
        make(trouble::kNoReply, "It obeys what is set, and does not say so")};
    made[2].does = {{"clock_s", kSkew_s}};
    return made;
  }();
  return all;
}

const Trouble* find_trouble(const catalog::Family& family, std::string_view name) {
  for (const auto* list : {&family.troubles, &common_troubles()}) {
    const auto found = std::ranges::find(*list, name, &Trouble::name);
    if (found != list->end()) return &*found;
  }
  return nullptr;
}

Status check_order(const FaultOrder& order, const catalog::Catalog& catalog) {
  std::vector<catalog::FamilyPtr> families = catalog.families();
  if (!order.sn.empty()) families = {catalog.of_serial(order.sn)};
  const bool known = std::ranges::any_of(
      families, [&](const catalog::FamilyPtr& family) { return has(*family, order.fault); });
  if (!known) {
    const std::string who = order.sn.empty() ? "no virtual device has a"
                                             : fmt::format("{} has no", families.front()->id);
    return fail(FaultKind::kBadParams,
                fmt::format("{} fault \"{}\"; there are {}", who, order.fault,
                            fmt::join(names_of(families), ", ")));
  }
  if (order.share <= 0 || order.share > 1) {
    return fail(FaultKind::kBadParams,
                fmt::format("probability is {}: must be above 0, and 1 at most", order.share));
  }
  return {};
}

void touch(const Trouble& trouble, std::optional<double> value, Surroundings& around) {
  for (const auto& [what, number] : trouble.does) {
    const auto* found =
        std::ranges::find(kTouches, what, [](const auto& row) { return row.first; });
    if (found != kTouches.end()) {
      found->second(around, value && trouble.does.size() == 1 ? *value : number);
    }
  }
}

std::string mangled(std::string_view report, std::uint64_t draw) {
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
