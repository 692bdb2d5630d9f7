#include "history/meters.h"

#include <algorithm>
#include <utility>

namespace gridloom::history {
namespace {

using namespace std::string_view_literals;

// In the order of Power.
constexpr std::array<std::string_view, kPowers> kPowerNatures = {
    "pv.power",     "battery.power",     "battery.charge_power", "battery.discharge_power",
    "grid.power",   "grid.import_power", "load.power",           "ev.power",
    "heater.power", "heatpump.power"};

constexpr std::array kCounterNatures = {
    std::pair{"pv.energy"sv, Quantity::kPv},
    std::pair{"battery.energy_in"sv, Quantity::kBatteryIn},
    std::pair{"battery.energy_out"sv, Quantity::kBatteryOut},
    std::pair{"grid.energy_in"sv, Quantity::kGridIn},
    std::pair{"grid.energy_out"sv, Quantity::kGridOut},
    std::pair{"load.energy"sv, Quantity::kLoad},
};

constexpr double positive(double watts) { return watts > 0 ? watts : 0; }

// What a power says something of.
std::vector<Quantity> quantities_of(Power power) {
  switch (power) {
    case Power::kPv:
      return {Quantity::kPv};
    case Power::kBattery:
      return {Quantity::kBatteryIn, Quantity::kBatteryOut};
    case Power::kBatteryCharge:
      return {Quantity::kBatteryIn};
    case Power::kBatteryDischarge:
      return {Quantity::kBatteryOut};
    case Power::kGrid:
      return {Quantity::kGridIn, Quantity::kGridOut};
    case Power::kGridImport:
      return {Quantity::kGridIn};
    case Power::kLoad:
      return {Quantity::kLoad};
    case Power::kEv:
      return {Quantity::kEv, Quantity::kPvToEv};
    case Power::kHeater:
      return {Quantity::kHeater, Quantity::kPvToHeater};
    case Power::kHeatpump:
      return {Quantity::kHeatpump, Quantity::kPvToHeatpump};
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
  watts.of(Quantity::kPv) = pv;
  watts.of(Quantity::kBatteryIn) = positive(battery);
  watts.of(Quantity::kBatteryOut) = positive(-battery);
  watts.of(Quantity::kGridIn) = positive(grid);
  watts.of(Quantity::kGridOut) = positive(-grid);
  watts.of(Quantity::kLoad) = positive(power(Power::kLoad));
  // Consumers share what comes in alike: each takes the sun's share of all sources.
  const double sources = pv + positive(-battery) + positive(grid);
  const double share = sources > 0 ? pv / sources : 0;
  const auto consumer = [&](Power of, Quantity whole, Quantity from_pv) {
    watts.of(whole) = positive(power(of));
    watts.of(from_pv) = watts.of(whole) * share;
  };
  consumer(Power::kEv, Quantity::kEv, Quantity::kPvToEv);
  consumer(Power::kHeater, Quantity::kHeater, Quantity::kPvToHeater);
  consumer(Power::kHeatpump, Quantity::kHeatpump, Quantity::kPvToHeatpump);
  return watts;
}

Meters::Meters(const catalog::Family& family) {
  for (const catalog::Field& field : family.fields) {
    if (field.nature.empty()) continue;
    const double scale = field.invert ? -field.scale : field.scale;
    const auto* const nature = std::ranges::find(kPowerNatures, field.nature);
    if (nature != kPowerNatures.end()) {
      const auto power = static_cast<Power>(nature - kPowerNatures.begin());
      if (std::ranges::find(powers, power, &PowerField::power) != powers.end()) continue;
      powers.push_back({.name = field.name, .power = power, .scale = scale});
      std::ranges::copy(quantities_of(power), std::back_inserter(quantities));
    }
    const auto* const counter = std::ranges::find(
        kCounterNatures, field.nature, [](const auto& row) { return std::string_view(row.first); });
    if (counter != kCounterNatures.end()) {
      counters.push_back({.name = field.name, .quantity = counter->second, .scale = scale});
      quantities.push_back(counter->second);
    }
  }
  std::ranges::sort(quantities);
  quantities.erase(std::ranges::unique(quantities).begin(), quantities.end());
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
