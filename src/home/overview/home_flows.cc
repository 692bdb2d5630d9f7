#include "overview/home_flows.h"

#include <algorithm>
#include <array>
#include <utility>

namespace gridloom::overview {
namespace {

using history::EnergyFlow;

constexpr std::array kQuantityOf = {
    std::pair{EnergyFlow::kPv, Quantity::kSun},
    std::pair{EnergyFlow::kBatteryIn, Quantity::kBatteryIn},
    std::pair{EnergyFlow::kBatteryOut, Quantity::kBatteryOut},
    std::pair{EnergyFlow::kLoad, Quantity::kHome},
    std::pair{EnergyFlow::kEv, Quantity::kCar},
    std::pair{EnergyFlow::kHeater, Quantity::kHeat},
    std::pair{EnergyFlow::kHeatpump, Quantity::kHeat},
};

// The home's use follows from these.
constexpr std::array kOfBalance = {Quantity::kSun, Quantity::kBatteryIn, Quantity::kBatteryOut,
                                   Quantity::kGridImport, Quantity::kGridExport};

bool has_flow(const history::EnergySources& sources, EnergyFlow flow) {
  return std::ranges::binary_search(sources.flows, flow);
}

}  // namespace

std::string_view name_of(Quantity quantity) {
  static constexpr std::array<std::string_view, kQuantities> kNames = {
      "sun", "batteryIn", "batteryOut", "gridImport", "gridExport", "home", "car", "heat"};
  return kNames.at(static_cast<std::size_t>(quantity));
}

HomeFlowSums::Battery battery_of_sums(const catalog::Family& family,
                                      const history::EnergySources& sources) {
  return has_battery_by_balance(sources, has_charge(family))
             ? HomeFlowSums::Battery::kByBalance
             : HomeFlowSums::Battery::kMeasuredOrNone;
}

void HomeFlowSums::add_to(Sum& sum, const DeviceFlow& flow) {
  sum.exists = true;
  at_least_ = at_least_ || flow.at_least;
  if (flow.value) sum.value = sum.value.value_or(0) + *flow.value;
}

void HomeFlowSums::add(Role role, const history::EnergySources& sources, const DeviceFlows& flows,
                       Battery battery) {
  const auto add_flow = [&](EnergyFlow flow, Quantity to) {
    if (has_flow(sources, flow)) add_to(of(to), flows.at(static_cast<std::size_t>(flow)));
  };
  for (const auto& [flow, to] : kQuantityOf) add_flow(flow, to);
  if (battery == Battery::kByBalance) add_stored(sources, flows);
  const bool is_metered = grid_ == Grid::kMeasured;
  // The meter's figure has already what a device draws from a socket.
  if (is_metered && role != Role::kMeter) return;
  add_flow(EnergyFlow::kGridIn, Quantity::kGridImport);
  if (is_metered) add_flow(EnergyFlow::kGridOut, Quantity::kGridExport);
}

// Adds the energy that a device gets and does not give: its battery's.
void HomeFlowSums::add_stored(const history::EnergySources& sources, const DeviceFlows& flows) {
  const auto of_device = [&](EnergyFlow flow) { return flows.at(static_cast<std::size_t>(flow)); };
  const DeviceFlow none{.value = 0, .at_least = false};
  const DeviceFlow sun = has_flow(sources, EnergyFlow::kPv) ? of_device(EnergyFlow::kPv) : none;
  const DeviceFlow drawn = of_device(EnergyFlow::kGridIn);
  const DeviceFlow given = of_device(EnergyFlow::kLoad);
  DeviceFlow stored{.at_least = sun.at_least || drawn.at_least || given.at_least};
  if (sun.value && drawn.value && given.value) {
    stored.value = *sun.value + *drawn.value - *given.value;
  }
  add_to(stored_, stored);
}

bool HomeFlowSums::has_sources() const {
  return of(Quantity::kSun).exists || of(Quantity::kBatteryOut).exists ||
         of(Quantity::kGridImport).exists;
}

std::optional<double> HomeFlowSums::home() const {
  // The loads do not say what supplies them, so there is no other figure.
  if (!has_sources()) return of(Quantity::kHome).value;
  const auto is_unknown = [this](Quantity quantity) { return of(quantity).is_unknown(); };
  if (std::ranges::any_of(kOfBalance, is_unknown) || stored_.is_unknown()) return std::nullopt;
  const auto value = [this](Quantity quantity) { return of(quantity).value.value_or(0); };
  return std::max(0.0, value(Quantity::kSun) - value(Quantity::kBatteryIn) +
                           value(Quantity::kBatteryOut) + value(Quantity::kGridImport) -
                           value(Quantity::kGridExport) - stored_.value.value_or(0));
}

HomeFlows HomeFlowSums::flows() const {
  HomeFlows made{.at_least = at_least_, .is_metered = grid_ == Grid::kMeasured};
  for (std::size_t i = 0; i < kQuantities; ++i) made.values.at(i) = sums_.at(i).value;
  made.of(Quantity::kHome) = home();
  return made;
}

std::vector<Quantity> HomeFlowSums::quantities() const {
  std::vector<Quantity> all;
  for (std::size_t i = 0; i < kQuantities; ++i) {
    const auto quantity = static_cast<Quantity>(i);
    const bool is_derived = quantity == Quantity::kHome && has_sources();
    if (sums_.at(i).exists || is_derived) all.push_back(quantity);
  }
  return all;
}

namespace {

constexpr double kPerKilo = 1000;
constexpr double kPercent = 100;

// The share of a whole that a part of it does not take.
struct Share {
  double part = 0;
  double whole = 0;

  void add(const std::optional<double>& of_part, const std::optional<double>& of_whole) {
    if (!of_part || !of_whole) return;
    part += *of_part;
    whole += *of_whole;
  }
  [[nodiscard]] std::optional<double> percent() const {
    if (whole <= 0) return std::nullopt;
    return std::clamp(1 - part / whole, 0.0, 1.0) * kPercent;
  }
};

}  // namespace

Ledger ledger_of(std::span<const HomeFlows> parts_wh) {
  Ledger ledger;
  Share sufficiency;
  Share consumption;
  for (const HomeFlows& part : parts_wh) {
    for (std::size_t i = 0; i < kQuantities; ++i) {
      if (!part.values.at(i)) continue;
      auto& sum = ledger.flows_kwh.values.at(i);
      sum = sum.value_or(0) + *part.values.at(i) / kPerKilo;
    }
    ledger.flows_kwh.at_least = ledger.flows_kwh.at_least || part.at_least;
    ledger.flows_kwh.is_metered = ledger.flows_kwh.is_metered || part.is_metered;
    ledger.flows_kwh.unknown_ms += part.unknown_ms;
    if (!part.is_metered) continue;
    sufficiency.add(part.of(Quantity::kGridImport), part.of(Quantity::kHome));
    consumption.add(part.of(Quantity::kGridExport), part.of(Quantity::kSun));
  }
  ledger.self_sufficiency_percent = sufficiency.percent();
  ledger.self_consumption_percent = consumption.percent();
  return ledger;
}

}  // namespace gridloom::overview
