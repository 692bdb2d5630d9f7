// The energy flows that history sums up, in Wh. Their numbers are stored on disk and their names
// are used in device files: neither may ever change.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string_view>

namespace gridloom::history {

enum class EnergyFlow : std::uint8_t {
  kPv = 0,
  kBatteryIn = 1,
  kBatteryOut = 2,
  kGridIn = 3,
  kGridOut = 4,
  kLoad = 5,  // consumption of the home
  kEv = 6,
  kHeater = 7,
  kHeatpump = 8,
  // The part of each consumer's energy that is solar.
  kPvToEv = 9,
  kPvToHeater = 10,
  kPvToHeatpump = 11,
};
inline constexpr std::size_t kEnergyFlows = 12;

// In the order of the enum, named as in the indexes of the device files (catalog::Index::counter).
inline constexpr std::array<std::string_view, kEnergyFlows> kEnergyFlowNames = {
    "pv", "battery_in", "battery_out", "grid_in",  "grid_out",     "load",
    "ev", "heater",     "heatpump",    "pv_to_ev", "pv_to_heater", "pv_to_heatpump"};

[[nodiscard]] constexpr std::optional<EnergyFlow> energy_flow_of(std::string_view name) {
  const auto* const found = std::ranges::find(kEnergyFlowNames, name);
  if (found == kEnergyFlowNames.end()) return std::nullopt;
  return static_cast<EnergyFlow>(found - kEnergyFlowNames.begin());
}

// Energy per flow, in Wh.
struct Energies {
  std::array<double, kEnergyFlows> wh{};

  [[nodiscard]] double& of(EnergyFlow flow) { return wh.at(static_cast<std::size_t>(flow)); }
  [[nodiscard]] double of(EnergyFlow flow) const { return wh.at(static_cast<std::size_t>(flow)); }
  Energies& operator+=(const Energies& other) {
    for (std::size_t i = 0; i < wh.size(); ++i) wh.at(i) += other.wh.at(i);
    return *this;
  }
  friend bool operator==(const Energies&, const Energies&) = default;
};

// Both are between 0 and 1. None: nothing was consumed (self_sufficiency), or no solar energy was
// produced (self_consumption).
[[nodiscard]] inline std::optional<double> self_sufficiency(const Energies& sum) {
  const double home = sum.of(EnergyFlow::kLoad);
  if (home <= 0) return std::nullopt;
  return std::clamp(1 - sum.of(EnergyFlow::kGridIn) / home, 0.0, 1.0);
}
[[nodiscard]] inline std::optional<double> self_consumption(const Energies& sum) {
  const double pv = sum.of(EnergyFlow::kPv);
  if (pv <= 0) return std::nullopt;
  return std::clamp(1 - sum.of(EnergyFlow::kGridOut) / pv, 0.0, 1.0);
}

}  // namespace gridloom::history
