// What the energy ledger keeps sums of, in Wh. The numbers and names stand on disk and in device
// files: they stay for ever.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gridloom::history {

enum class Quantity : std::uint8_t {
  kPv = 0,
  kBatteryIn = 1,
  kBatteryOut = 2,
  kGridIn = 3,
  kGridOut = 4,
  kLoad = 5,  // what the home uses
  kEv = 6,
  kHeater = 7,
  kHeatpump = 8,
  // The sun's share of the consumers.
  kPvToEv = 9,
  kPvToHeater = 10,
  kPvToHeatpump = 11,
};
inline constexpr std::size_t kQuantities = 12;

// By their numbers, as the indexes of the device files call them (catalog::Index::counter).
inline constexpr std::array<std::string_view, kQuantities> kQuantityNames = {
    "pv", "battery_in", "battery_out", "grid_in",  "grid_out",     "load",
    "ev", "heater",     "heatpump",    "pv_to_ev", "pv_to_heater", "pv_to_heatpump"};

[[nodiscard]] constexpr std::optional<Quantity> quantity_of(std::string_view name) {
  const auto* const found = std::ranges::find(kQuantityNames, name);
  if (found == kQuantityNames.end()) return std::nullopt;
  return static_cast<Quantity>(found - kQuantityNames.begin());
}

// By quantity, in Wh.
struct Energies {
  std::array<double, kQuantities> wh{};

  [[nodiscard]] double& of(Quantity quantity) { return wh.at(static_cast<std::size_t>(quantity)); }
  [[nodiscard]] double of(Quantity quantity) const {
    return wh.at(static_cast<std::size_t>(quantity));
  }
  Energies& operator+=(const Energies& other) {
    for (std::size_t i = 0; i < wh.size(); ++i) wh.at(i) += other.wh.at(i);
    return *this;
  }
  friend bool operator==(const Energies&, const Energies&) = default;
};

// Between 0 and 1; none: nothing was used, or nothing came from the sun.
[[nodiscard]] inline std::optional<double> self_sufficiency(const Energies& sum) {
  const double home = sum.of(Quantity::kLoad);
  if (home <= 0) return std::nullopt;
  return std::clamp(1 - sum.of(Quantity::kGridIn) / home, 0.0, 1.0);
}
[[nodiscard]] inline std::optional<double> self_consumption(const Energies& sum) {
  const double pv = sum.of(Quantity::kPv);
  if (pv <= 0) return std::nullopt;
  return std::clamp(1 - sum.of(Quantity::kGridOut) / pv, 0.0, 1.0);
}

}  // namespace gridloom::history
