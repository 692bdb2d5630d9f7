#include "bridges/home_assistant/counters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>

#include "bridges/home_assistant/entities.h"

namespace gridloom::bridges::home_assistant {
namespace {

using history::EnergyFlow;

// The flows that people choose; the solar parts of consumers are none of the dashboard.
struct Row {
  EnergyFlow flow;
  std::string_view english;
  std::string_view german;
};
constexpr std::array kRows = std::to_array<Row>(
    {{EnergyFlow::kPv, "Solar energy counter", "Zähler Solarenergie"},
     {EnergyFlow::kBatteryIn, "Charged energy counter", "Zähler geladene Energie"},
     {EnergyFlow::kBatteryOut, "Discharged energy counter", "Zähler entladene Energie"},
     {EnergyFlow::kGridIn, "Grid import counter", "Zähler Netzbezug"},
     {EnergyFlow::kGridOut, "Grid export counter", "Zähler Netzeinspeisung"},
     {EnergyFlow::kLoad, "Consumption counter", "Zähler Verbrauch"},
     {EnergyFlow::kEv, "Car energy counter", "Zähler Auto"},
     {EnergyFlow::kHeater, "Heating energy counter", "Zähler Heizung"},
     {EnergyFlow::kHeatpump, "Heat pump energy counter", "Zähler Wärmepumpe"}});

}  // namespace

DeviceCounters counters_of(const home::EnergyTotals& totals,
                           const home::EnergyTotals::Device& device) {
  return {.id = fmt::format("{}_{}", totals.epoch, device.number), .wh = device.wh};
}

bool have_same_entities(const DeviceCounters& one, const DeviceCounters& other) {
  return one.id == other.id &&
         std::ranges::equal(one.wh, other.wh, {}, &std::optional<double>::has_value,
                            &std::optional<double>::has_value);
}

std::vector<Entity> counter_entities(const DeviceCounters& counters, catalog::Language language) {
  std::vector<Entity> entities;
  entities.reserve(kRows.size());
  for (const Row& row : kRows) {
    const auto flow = static_cast<std::size_t>(row.flow);
    if (!counters.wh.at(flow)) continue;
    const std::string_view title =
        language == catalog::Language::kGerman ? row.german : row.english;
    std::string key =
        key_of(fmt::format("counter_{}_{}", history::kEnergyFlowNames.at(flow), counters.id));
    entities.push_back({.key = key,
                        .title = std::string(title),
                        .slug = slug_of(row.english),
                        .sources = {{.quota = key}},
                        .counter = row.flow,
                        .form = Form::kNumber,
                        .device_class = "energy",
                        .state_class = StateClass::kTotalIncreasing,
                        .unit = "Wh",
                        .decimals = 0,
                        .is_enabled = true});
  }
  return entities;
}

std::optional<wire::Json> counter_state(const DeviceCounters& counters, EnergyFlow flow) {
  const auto& wh = counters.wh.at(static_cast<std::size_t>(flow));
  if (!wh) return std::nullopt;
  return wire::Json(std::llround(std::floor(*wh)));
}

}  // namespace gridloom::bridges::home_assistant
