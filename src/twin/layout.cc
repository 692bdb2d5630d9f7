#include "twin/layout.h"

#include <algorithm>

#include "wire/json.h"

namespace gridloom::twin {
namespace {

using namespace std::string_view_literals;

// In the order of Power.
constexpr std::array kNatures = {
    "pv.power"sv,     "battery.power"sv,     "battery.charge_power"sv, "battery.discharge_power"sv,
    "grid.power"sv,   "grid.import_power"sv, "load.power"sv,           "ev.power"sv,
    "heater.power"sv, "heatpump.power"sv};
static_assert(kNatures.size() == static_cast<std::size_t>(Power::kCount));

}  // namespace

Layout::Layout(catalog::FamilyPtr of) : family(std::move(of)) {
  for (const catalog::Field& field : family->fields) {
    if (field.name.contains('*')) continue;
    index.emplace(field.name, names.size());
    names.push_back(field.name);
    const auto* const nature = std::ranges::find(kNatures, field.nature);
    if (nature == kNatures.end()) continue;
    const auto power = static_cast<Power>(nature - kNatures.begin());
    // The first field of a nature counts (devices/README.md).
    if (std::ranges::find(meters, power, &Meter::power) != meters.end()) continue;
    meters.push_back(
        {.name = field.name, .power = power, .scale = field.invert ? -field.scale : field.scale});
  }
  for (const catalog::Report& report : family->reports) {
    Envelope envelope{.match = {}, .prefix = report.prefix};
    for (const auto& [member, value] : report.match) {
      envelope.match.emplace_back(member, wire::to_text(value));
    }
    envelopes.push_back(std::move(envelope));
  }
}

}  // namespace gridloom::twin
