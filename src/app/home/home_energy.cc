#include "app/home/home_energy.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/bodies/energy.h"
#include "history/energy/energy_flow.h"
#include "history/energy/energy_sources.h"
#include "overview/home_picture.h"
#include "overview/ledger.h"

namespace gridloom::app {
namespace {

using history::Energies;
using history::EnergyFlow;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr double kPerKilo = 1000;

// Nothing: the row has no sum.
std::optional<Energies> energies_in(const Json* row) {
  std::optional<Energies> energies;
  if (row == nullptr) return energies;
  for (std::size_t i = 0; i < history::kEnergyFlows; ++i) {
    const Json* kwh = wire::member(*row, api::body::Quantity::kWords.at(i));
    if (kwh == nullptr || !kwh->is_number()) continue;
    if (!energies) energies.emplace();
    energies->of(static_cast<EnergyFlow>(i)) = kwh->to_number<double>() * kPerKilo;
  }
  return energies;
}

void put(JsonObject& sums, std::string_view name, const std::optional<double>& number,
         double steps) {
  if (number) sums[name] = std::round(*number * steps) / steps;
}

// What the devices measure of a flow, as far as it is known.
std::optional<double> sum_kwh(std::span<const overview::DeviceEnergies> devices, EnergyFlow flow) {
  std::optional<double> kwh;
  for (const overview::DeviceEnergies& each : devices) {
    const auto& flows = each.sources->flows;
    if (!each.energies || std::ranges::find(flows, flow) == flows.end()) continue;
    kwh = kwh.value_or(0) + each.energies->of(flow) / kPerKilo;
  }
  return kwh;
}

void add_sums(JsonObject& row, std::span<const overview::DeviceEnergies> devices) {
  constexpr double kWattHours = 1000;
  constexpr double kTenths = 10;
  const overview::Ledger ledger = overview::ledger_of(devices);
  put(row, "sun_kwh", ledger.sun_kwh, kWattHours);
  put(row, "batteryIn_kwh", ledger.battery_in_kwh, kWattHours);
  put(row, "batteryOut_kwh", ledger.battery_out_kwh, kWattHours);
  put(row, "gridImport_kwh", ledger.grid_import_kwh, kWattHours);
  put(row, "gridExport_kwh", ledger.grid_export_kwh, kWattHours);
  put(row, "home_kwh", ledger.home_kwh, kWattHours);
  put(row, "car_kwh", sum_kwh(devices, EnergyFlow::kEv), kWattHours);
  std::optional<double> heat_kwh = sum_kwh(devices, EnergyFlow::kHeater);
  if (const auto pump_kwh = sum_kwh(devices, EnergyFlow::kHeatpump)) {
    heat_kwh = heat_kwh.value_or(0) + *pump_kwh;
  }
  put(row, "heat_kwh", heat_kwh, kWattHours);
  put(row, "selfSufficiency_percent", ledger.self_sufficiency_percent, kTenths);
}

const JsonArray& buckets_of(const DeviceEnergy& device) {
  static const JsonArray none;
  const Json* buckets = wire::member(device.answer, "buckets");
  return buckets != nullptr && buckets->is_array() ? buckets->get_array() : none;
}

// The bucket that begins there; nullptr: the device has none.
const Json* bucket_at(const DeviceEnergy& device, std::string_view from) {
  const JsonArray& buckets = buckets_of(device);
  const auto* const found = std::ranges::find_if(
      buckets, [&](const Json& each) { return wire::text_in(each, "from") == from; });
  return found == buckets.end() ? nullptr : found;
}

}  // namespace

JsonObject home_energy_of(std::span<const DeviceEnergy> devices) {
  if (devices.empty()) return {};
  std::vector<history::EnergySources> sources;
  sources.reserve(devices.size());
  std::vector<overview::DeviceEnergies> parts;
  for (const DeviceEnergy& each : devices) {
    sources.emplace_back(*each.family);
    parts.push_back({.role = overview::role_of(*each.family), .sources = &sources.back()});
  }
  const auto sum_up = [&](JsonObject& row,
                          const std::function<const Json*(const DeviceEnergy&)>& of) {
    for (std::size_t i = 0; i < devices.size(); ++i)
      parts[i].energies = energies_in(of(devices[i]));
    add_sums(row, parts);
  };
  // A device of which a bucket more has begun has it last.
  const DeviceEnergy& longest = *std::ranges::max_element(
      devices, {}, [](const DeviceEnergy& each) { return buckets_of(each).size(); });
  JsonArray buckets;
  for (const Json& bucket : buckets_of(longest)) {
    const std::string from(wire::text_in(bucket, "from"));
    JsonObject row{{"from", from}, {"to", wire::text_in(bucket, "to")}};
    sum_up(row, [&](const DeviceEnergy& each) { return bucket_at(each, from); });
    buckets.emplace_back(std::move(row));
  }
  JsonObject total;
  sum_up(total, [](const DeviceEnergy& each) { return wire::member(each.answer, "total"); });
  return {{"period", wire::text_in(longest.answer, "period")},
          {"from", wire::text_in(longest.answer, "from")},
          {"to", wire::text_in(longest.answer, "to")},
          {"buckets", std::move(buckets)},
          {"total", std::move(total)}};
}

}  // namespace gridloom::app
