// What a home has made, drawn, given and used during a span of time, from the energies of its
// devices. As with the power of a moment (overview/home_picture.h), the home is not the sum of its
// devices. Pure.
#pragma once

#include <optional>
#include <span>

#include "history/energy/energy_flow.h"
#include "history/energy/energy_sources.h"
#include "overview/home_picture.h"

namespace gridloom::overview {

struct DeviceEnergies {
  Role role = Role::kOther;
  const history::EnergySources* sources = nullptr;  // of its family
  std::optional<history::Energies> energies{};      // nothing: it has not reported in the span
};

// Nothing: no device measures it, or none of those that do has reported in the span. A sum is that
// of the devices that have.
struct Ledger {
  std::optional<double> sun_kwh{};
  std::optional<double> grid_import_kwh{};
  std::optional<double> grid_export_kwh{};
  std::optional<double> home_kwh{};  // only if each of the sums that exist is known
  std::optional<double> battery_in_kwh{};
  std::optional<double> battery_out_kwh{};
  std::optional<double> self_sufficiency_percent{};  // of a home whose connection is measured
};

[[nodiscard]] Ledger ledger_of(std::span<const DeviceEnergies> devices);

}  // namespace gridloom::overview
