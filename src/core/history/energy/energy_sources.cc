#include "history/energy/energy_sources.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "catalog/natures.h"

namespace gridloom::history {
namespace {

using namespace std::string_view_literals;

// In the order of the enum Power.
constexpr std::array<std::string_view, kPowers> kPowerNatures = {
    "pv.power",     "battery.power",     "battery.charge_power", "battery.discharge_power",
    "grid.power",   "grid.import_power", "load.power",           "ev.power",
    "heater.power", "heatpump.power"};

constexpr std::array kCounterNatures = {
    std::pair{"pv.energy"sv, EnergyFlow::kPv},
    std::pair{"battery.energy_in"sv, EnergyFlow::kBatteryIn},
    std::pair{"battery.energy_out"sv, EnergyFlow::kBatteryOut},
    std::pair{"grid.energy_in"sv, EnergyFlow::kGridIn},
    std::pair{"grid.energy_out"sv, EnergyFlow::kGridOut},
    std::pair{"load.energy"sv, EnergyFlow::kLoad},
};

constexpr double positive(double watts) { return watts > 0 ? watts : 0; }

double scale_of(const catalog::Field& field) { return field.invert ? -field.scale : field.scale; }

// The flows for which a power provides data.
std::vector<EnergyFlow> quantities_of(Power power) {
  switch (power) {
    case Power::kPv:
      return {EnergyFlow::kPv};
    case Power::kBattery:
      return {EnergyFlow::kBatteryIn, EnergyFlow::kBatteryOut};
    case Power::kBatteryCharge:
      return {EnergyFlow::kBatteryIn};
    case Power::kBatteryDischarge:
      return {EnergyFlow::kBatteryOut};
    case Power::kGrid:
      return {EnergyFlow::kGridIn, EnergyFlow::kGridOut};
    case Power::kGridImport:
      return {EnergyFlow::kGridIn};
    case Power::kLoad:
      return {EnergyFlow::kLoad};
    case Power::kEv:
      return {EnergyFlow::kEv, EnergyFlow::kPvToEv};
    case Power::kHeater:
      return {EnergyFlow::kHeater, EnergyFlow::kPvToHeater};
    case Power::kHeatpump:
      return {EnergyFlow::kHeatpump, EnergyFlow::kPvToHeatpump};
  }
  return {};
}

}  // namespace

Energies watts_of(const Powers& powers) {
  const auto power = [&powers](Power which) { return powers.at(static_cast<std::size_t>(which)); };
  const double pv = positive(power(Power::kPv));
  const double battery =
      power(Power::kBattery) + power(Power::kBatteryCharge) - power(Power::kBatteryDischarge);
  const double grid = power(Power::kGrid) + power(Power::kGridImport);
  Energies watts;
  watts.of(EnergyFlow::kPv) = pv;
  watts.of(EnergyFlow::kBatteryIn) = positive(battery);
  watts.of(EnergyFlow::kBatteryOut) = positive(-battery);
  watts.of(EnergyFlow::kGridIn) = positive(grid);
  watts.of(EnergyFlow::kGridOut) = positive(-grid);
  watts.of(EnergyFlow::kLoad) = positive(power(Power::kLoad));
  // All consumers have the same mix of sources: each gets the same part of its energy from solar.
  const double sources = pv + positive(-battery) + positive(grid);
  const double share = sources > 0 ? pv / sources : 0;
  const auto consumer = [&](Power of, EnergyFlow whole, EnergyFlow from_pv) {
    watts.of(whole) = positive(power(of));
    watts.of(from_pv) = watts.of(whole) * share;
  };
  consumer(Power::kEv, EnergyFlow::kEv, EnergyFlow::kPvToEv);
  consumer(Power::kHeater, EnergyFlow::kHeater, EnergyFlow::kPvToHeater);
  consumer(Power::kHeatpump, EnergyFlow::kHeatpump, EnergyFlow::kPvToHeatpump);
  return watts;
}

EnergySources::EnergySources(const catalog::Family& family)
    : product(family.product), corrections(family.notes.energy_corrections) {
  for (const catalog::Field& field : family.fields) {
    if (const catalog::Field* const member = catalog::member_with_nature(field)) {
      add_power(field, *member, member->name);
    } else if (!field.nature.empty()) {
      add_power(field, field, {});
    }
    const auto* const counter = std::ranges::find(
        kCounterNatures, field.nature, [](const auto& row) { return std::string_view(row.first); });
    if (counter != kCounterNatures.end()) {
      counters.push_back({.name = field.name, .flow = counter->second, .scale = scale_of(field)});
      flows.push_back(counter->second);
    }
  }
  std::ranges::sort(flows);
  flows.erase(std::ranges::unique(flows).begin(), flows.end());
}

void EnergySources::add_power(const catalog::Field& field, const catalog::Field& measured,
                              std::string_view member) {
  const auto* const nature = std::ranges::find(kPowerNatures, measured.nature);
  if (nature == kPowerNatures.end()) return;
  const auto power = static_cast<Power>(nature - kPowerNatures.begin());
  const bool is_first = std::ranges::find(powers, power, &PowerField::power) == powers.end();
  if (!is_first && !measured.part && member.empty()) return;
  powers.push_back({.name = field.name,
                    .member = std::string(member),
                    .power = power,
                    .scale = scale_of(measured),
                    .most_w = std::min(measured.plausible.high, catalog::kMostPower_w)});
  if (measured.when) {
    powers.back().condition = static_cast<std::uint32_t>(conditions.size());
    conditions.push_back(*measured.when);
  }
  std::ranges::copy(quantities_of(power), std::back_inserter(flows));
}

bool matches(std::string_view pattern, std::string_view name) {
  while (true) {
    const std::size_t dot = pattern.find('.');
    const std::size_t end = name.find('.');
    const std::string_view segment = pattern.substr(0, dot);
    if (segment != "*" && segment != name.substr(0, end)) return false;
    if ((dot == std::string_view::npos) != (end == std::string_view::npos)) return false;
    if (dot == std::string_view::npos) return true;
    pattern.remove_prefix(dot + 1);
    name.remove_prefix(end + 1);
  }
}

}  // namespace gridloom::history
