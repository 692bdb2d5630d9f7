#include "own_api/home/evcc_json.h"

#include <chrono>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include "base/string_map.h"
#include "history/energy/energy_sources.h"
#include "overview/freshness.h"

namespace gridloom::api {
namespace {

using body::EvccNumber;
using history::EnergyFlow;
using overview::measures;
using overview::Place;
using overview::Quantity;

// Rounding never lets a counter fall.
EvccNumber kwh_of(const std::optional<double>& wh) {
  if (!wh) return std::nullopt;
  return std::round(*wh) / 1000;
}

EvccNumber rounded(const std::optional<double>& number, double sign = 1) {
  if (!number) return std::nullopt;
  const double round = std::round(*number * 10) / 10;
  return round == 0 ? 0.0 : sign * round;  // and no -0
}

EvccNumber power_of(const overview::Node& node, double sign = 1) {
  if (node.at_least) return std::nullopt;
  return rounded(node.power_w, sign);
}

EvccNumber home_energy(const home::EnergyTotals* totals, Quantity quantity) {
  if (totals == nullptr) return std::nullopt;
  return kwh_of(totals->home_wh.at(static_cast<std::size_t>(quantity)));
}

EvccNumber energy_of(const home::EnergyTotals::Device* device, EnergyFlow flow) {
  if (device == nullptr) return std::nullopt;
  return kwh_of(device->wh.at(static_cast<std::size_t>(flow)));
}

bool has_battery_power(const home::HomeDevice& device) {
  using enum history::Power;
  return measures(*device.sources, kBattery) || measures(*device.sources, kBatteryCharge) ||
         measures(*device.sources, kBatteryDischarge);
}

// A panel has the charge of other devices' batteries.
bool has_battery(const home::HomeDevice& device) {
  return has_battery_power(device) ||
         (device.role != overview::Role::kPanel && overview::has_charge(*device.family));
}

// The capacity of all batteries of the home. Nothing: it is not known of one of them.
std::optional<double> capacity_of(const home::HomeState& state) {
  double sum_wh = 0;
  for (const home::HomeDevicePtr& device : state.devices) {
    if (!has_battery(*device)) continue;
    if (!device->figures.capacity_wh) return std::nullopt;
    sum_wh += *device->figures.capacity_wh;
  }
  return sum_wh > 0 ? std::optional(sum_wh) : std::nullopt;
}

body::EvccDevice device_of(const home::HomeDevice& device, TimePoint now,
                           const home::EnergyTotals::Device* totals) {
  body::EvccDevice row{.sn = device.sn, .name = device.name};
  const overview::Overview none;
  const overview::Overview& figures = home::is_of_now(device, now) ? device.figures : none;
  if (measures(*device.sources, history::Power::kPv)) {
    row.pv = {.power_w = rounded(figures.sun_w), .energy_kwh = energy_of(totals, EnergyFlow::kPv)};
  }
  if (has_battery(device)) {
    row.battery = {.power_w = rounded(figures.battery_w, -1),
                   .soc_percent = rounded(figures.charge_percent),
                   .capacity_kwh = kwh_of(device.figures.capacity_wh),
                   .energy_kwh = energy_of(totals, EnergyFlow::kBatteryOut),
                   .return_energy_kwh = energy_of(totals, EnergyFlow::kBatteryIn)};
  }
  return row;
}

}  // namespace

body::Evcc evcc_of(const home::HomeState& state, const overview::HomePicture& picture,
                   const home::EnergyTotals* totals,
                   const std::optional<home::BatteryModes::Leases>& modes) {
  body::Evcc made{.now_ms = unix_ms(state.now)};
  if (totals != nullptr) made.epoch = totals->epoch;
  const overview::Node& grid = picture.at(Place::kGrid);
  if (grid.exists && picture.grid_caption == overview::GridCaption::kMeasured) {
    made.grid = {.power_w = power_of(grid),
                 .energy_kwh = home_energy(totals, Quantity::kGridImport),
                 .return_energy_kwh = home_energy(totals, Quantity::kGridExport)};
  }
  if (picture.at(Place::kSun).exists) {
    made.pv = {.power_w = power_of(picture.at(Place::kSun)),
               .energy_kwh = home_energy(totals, Quantity::kSun)};
  }
  if (picture.at(Place::kBattery).exists) {
    made.battery = {.power_w = power_of(picture.at(Place::kBattery), -1),
                    .soc_percent = rounded(picture.charge_percent),
                    .capacity_kwh = kwh_of(capacity_of(state)),
                    .energy_kwh = home_energy(totals, Quantity::kBatteryOut),
                    .return_energy_kwh = home_energy(totals, Quantity::kBatteryIn)};
  }
  StringMap<const home::EnergyTotals::Device*> by_sn;
  if (totals != nullptr) {
    for (const home::EnergyTotals::Device& each : totals->devices) by_sn.emplace(each.sn, &each);
  }
  for (const home::HomeDevicePtr& device : state.devices) {
    const auto found = by_sn.find(device->sn);
    body::EvccDevice row =
        device_of(*device, state.now, found == by_sn.end() ? nullptr : found->second);
    if (row.pv || row.battery) made.devices.push_back(row);
  }
  if (modes) made.modes = modes_of(*modes);
  return made;
}

std::vector<body::BatteryModeState> modes_of(const home::BatteryModes::Leases& leases) {
  std::vector<body::BatteryModeState> modes;
  modes.reserve(leases.size());
  for (const home::BatteryLease& lease : leases) {
    modes.push_back({.sn = lease.sn,
                     .mode = std::to_underlying(lease.mode),
                     .name = lease.mode,
                     .state = lease.state,
                     .until_ms = lease.until_ms});
  }
  return modes;
}

}  // namespace gridloom::api
