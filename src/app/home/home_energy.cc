#include "app/home/home_energy.h"

#include <algorithm>
#include <array>
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

// A device of the home in one bucket.
struct Part {
  overview::Role role = overview::Role::kOther;
  const history::EnergySources* sources = nullptr;
  std::optional<Energies> energies{};  // nothing: none is known
};

// The sum of a flow.
struct Sum {
  bool exists = false;  // a device measures it
  std::optional<double> kwh{};

  [[nodiscard]] bool is_unknown() const { return exists && !kwh; }
};

template <typename Counts>
Sum sum_of(std::span<const Part> parts, EnergyFlow flow, Counts counts) {
  Sum sum;
  for (const Part& each : parts) {
    const auto& flows = each.sources->flows;
    if (!counts(each) || std::ranges::find(flows, flow) == flows.end()) continue;
    sum.exists = true;
    if (each.energies) sum.kwh = sum.kwh.value_or(0) + each.energies->of(flow) / kPerKilo;
  }
  return sum;
}

// As overview/home_picture.h has it for the powers of a moment: what a device draws from a socket
// is in the meter's figure already.
void add_sums(JsonObject& row, std::span<const Part> parts) {
  constexpr double kWattHours = 1000;
  constexpr double kTenths = 10;
  constexpr double kPercent = 100;
  const bool has_meter = std::ranges::any_of(
      parts, [](const Part& each) { return each.role == overview::Role::kMeter; });
  const auto all = [](const Part&) { return true; };
  const auto grid = [&](const Part& each) {
    return !has_meter || each.role == overview::Role::kMeter;
  };
  const Sum sun = sum_of(parts, EnergyFlow::kPv, all);
  const Sum in = sum_of(parts, EnergyFlow::kBatteryIn, all);
  const Sum out = sum_of(parts, EnergyFlow::kBatteryOut, all);
  const Sum drawn = sum_of(parts, EnergyFlow::kGridIn, grid);
  const Sum fed = has_meter ? sum_of(parts, EnergyFlow::kGridOut, grid) : Sum();
  put(row, "sun_kwh", sun.kwh, kWattHours);
  put(row, "batteryIn_kwh", in.kwh, kWattHours);
  put(row, "batteryOut_kwh", out.kwh, kWattHours);
  put(row, "gridImport_kwh", drawn.kwh, kWattHours);
  put(row, "gridExport_kwh", fed.kwh, kWattHours);
  put(row, "car_kwh", sum_of(parts, EnergyFlow::kEv, all).kwh, kWattHours);
  std::optional<double> heat_kwh = sum_of(parts, EnergyFlow::kHeater, all).kwh;
  if (const auto pump_kwh = sum_of(parts, EnergyFlow::kHeatpump, all).kwh) {
    heat_kwh = heat_kwh.value_or(0) + *pump_kwh;
  }
  put(row, "heat_kwh", heat_kwh, kWattHours);
  const bool is_unknown = std::ranges::any_of(std::array{&sun, &in, &out, &drawn, &fed},
                                              [](const Sum* each) { return each->is_unknown(); });
  if (is_unknown || (!sun.kwh && !out.kwh && !drawn.kwh)) return;
  const double home_kwh =
      std::max(0.0, sun.kwh.value_or(0) - in.kwh.value_or(0) + out.kwh.value_or(0) +
                        drawn.kwh.value_or(0) - fed.kwh.value_or(0));
  put(row, "home_kwh", home_kwh, kWattHours);
  if (!has_meter || !drawn.kwh || home_kwh <= 0) return;
  put(row, "selfSufficiency_percent", std::clamp(1 - *drawn.kwh / home_kwh, 0.0, 1.0) * kPercent,
      kTenths);
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
  std::vector<Part> parts;
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
