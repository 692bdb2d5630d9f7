#include "overview/ledger.h"

#include <algorithm>

namespace gridloom::overview {
namespace {

using history::EnergyFlow;

constexpr double kPerKilo = 1000;

// The energies of one flow.
struct Sum {
  bool exists = false;  // a device measures it
  std::optional<double> kwh{};

  void add(const DeviceEnergies& device, EnergyFlow flow) {
    const auto& flows = device.sources->flows;
    if (std::ranges::find(flows, flow) == flows.end()) return;
    exists = true;
    if (device.energies) kwh = kwh.value_or(0) + device.energies->of(flow) / kPerKilo;
  }
  [[nodiscard]] bool is_unknown() const { return exists && !kwh; }
};

}  // namespace

Ledger ledger_of(std::span<const DeviceEnergies> devices) {
  Sum sun;
  Sum battery_in;
  Sum battery_out;
  Sum grid_import;
  Sum grid_export;
  const bool has_meter = std::ranges::any_of(
      devices, [](const DeviceEnergies& each) { return each.role == Role::kMeter; });
  for (const DeviceEnergies& device : devices) {
    sun.add(device, EnergyFlow::kPv);
    battery_in.add(device, EnergyFlow::kBatteryIn);
    battery_out.add(device, EnergyFlow::kBatteryOut);
    // What a device draws from a socket is in the meter's figure already.
    if (has_meter && device.role != Role::kMeter) continue;
    grid_import.add(device, EnergyFlow::kGridIn);
    if (has_meter) grid_export.add(device, EnergyFlow::kGridOut);
  }
  Ledger ledger{.sun_kwh = sun.kwh,
                .grid_import_kwh = grid_import.kwh,
                .grid_export_kwh = grid_export.kwh,
                .battery_in_kwh = battery_in.kwh,
                .battery_out_kwh = battery_out.kwh};
  const bool has_sources = ledger.sun_kwh || ledger.battery_out_kwh || ledger.grid_import_kwh;
  const bool is_unknown = sun.is_unknown() || battery_in.is_unknown() || battery_out.is_unknown() ||
                          grid_import.is_unknown() || grid_export.is_unknown();
  if (!has_sources || is_unknown) return ledger;
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
