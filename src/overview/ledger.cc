#include "overview/ledger.h"

#include <algorithm>

namespace gridloom::overview {
namespace {

using history::EnergyFlow;

constexpr double kPerKilo = 1000;

void add(std::optional<double>& sum, const DeviceEnergies& device, EnergyFlow flow) {
  const auto& flows = device.sources->flows;
  if (std::ranges::find(flows, flow) == flows.end()) return;
  sum = sum.value_or(0) + device.energies.of(flow) / kPerKilo;
}

}  // namespace

Ledger ledger_of(std::span<const DeviceEnergies> devices) {
  Ledger ledger;
  const bool has_meter = std::ranges::any_of(
      devices, [](const DeviceEnergies& each) { return each.role == Role::kMeter; });
  for (const DeviceEnergies& device : devices) {
    add(ledger.sun_kwh, device, EnergyFlow::kPv);
    add(ledger.battery_in_kwh, device, EnergyFlow::kBatteryIn);
    add(ledger.battery_out_kwh, device, EnergyFlow::kBatteryOut);
    // What a device draws from a socket is in the meter's figure already.
    if (has_meter && device.role != Role::kMeter) continue;
    add(ledger.grid_import_kwh, device, EnergyFlow::kGridIn);
    if (has_meter) add(ledger.grid_export_kwh, device, EnergyFlow::kGridOut);
  }
  const bool has_sources = ledger.sun_kwh || ledger.battery_out_kwh || ledger.grid_import_kwh;
  if (!has_sources) return ledger;
  const double home = ledger.sun_kwh.value_or(0) - ledger.battery_in_kwh.value_or(0) +
                      ledger.battery_out_kwh.value_or(0) + ledger.grid_import_kwh.value_or(0) -
                      ledger.grid_export_kwh.value_or(0);
  ledger.home_kwh = std::max(0.0, home);
  if (has_meter && ledger.grid_import_kwh && *ledger.home_kwh > 0) {
    constexpr double kPercent = 100;
    ledger.self_sufficiency_percent =
        std::clamp(1 - *ledger.grid_import_kwh / *ledger.home_kwh, 0.0, 1.0) * kPercent;
  }
  return ledger;
}

}  // namespace gridloom::overview
