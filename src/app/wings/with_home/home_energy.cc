#include "with_home/home_energy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/energy/energy_flow.h"
#include "history/energy/energy_sources.h"
#include "overview/home_flows.h"
#include "overview/home_picture.h"
#include "own_api/bodies/energy.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr double kPerKilo = 1000;
// A server before unknown_s has sums of all.
constexpr double kShortestGap_s = 60;

// A device of the home, and what it does for it.
struct Part {
  overview::Role role{};
  history::EnergySources sources;
};

// The sums of a row of a device's answer; what it does not have is not known.
overview::DeviceFlows flows_in(const Json* row) {
  overview::DeviceFlows flows;
  if (row == nullptr) return flows;
  const Json* unknown_s = wire::member(*row, "unknown_s");
  const bool at_least = unknown_s != nullptr && unknown_s->is_number() &&
                        unknown_s->to_number<double>() >= kShortestGap_s;
  for (std::size_t i = 0; i < history::kEnergyFlows; ++i) {
    const Json* kwh = wire::member(*row, api::body::Quantity::kWords.at(i));
    if (kwh == nullptr || !kwh->is_number()) continue;
    flows.at(i) = {.value = kwh->to_number<double>() * kPerKilo, .at_least = at_least};
  }
  return flows;
}

void put(JsonObject& sums, std::string_view name, const std::optional<double>& number,
         double steps) {
  if (number) sums[name] = std::round(*number * steps) / steps;
}

void add_sums(JsonObject& row, const overview::HomeFlows& wh) {
  constexpr double kWattHours = 1000;
  constexpr double kTenths = 10;
  const overview::Ledger ledger = overview::ledger_of(std::span(&wh, 1));
  for (std::size_t i = 0; i < overview::kQuantities; ++i) {
    const auto quantity = static_cast<overview::Quantity>(i);
    put(row, fmt::format("{}_kwh", name_of(quantity)), ledger.flows_kwh.of(quantity), kWattHours);
  }
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
  std::vector<overview::Member> members;
  members.reserve(devices.size());
  for (const DeviceEnergy& each : devices) {
    members.push_back({.family = each.family.get(), .sn = each.sn, .meter_sn = each.meter_sn});
  }
  auto grid = overview::HomeFlowSums::Grid::kImportOfDevices;
  std::vector<Part> parts;
  for (const overview::Role role : overview::roles_of(members)) {
    parts.push_back(
        {.role = role, .sources = history::EnergySources(*devices[parts.size()].family)});
    if (role == overview::Role::kMeter) grid = overview::HomeFlowSums::Grid::kMeasured;
  }
  const auto sum_up = [&](JsonObject& row,
                          const std::function<const Json*(const DeviceEnergy&)>& of) {
    overview::HomeFlowSums sums(grid);
    for (std::size_t i = 0; i < devices.size(); ++i) {
      sums.add(parts[i].role, parts[i].sources, flows_in(of(devices[i])),
               overview::battery_of_sums(*devices[i].family, parts[i].sources));
    }
    add_sums(row, sums.flows());
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
