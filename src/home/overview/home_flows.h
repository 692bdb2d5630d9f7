// The flows of a home, as sums of those that its devices measure: energies of a span of time, or
// its mean powers. As with the power of a moment (overview/home_picture.h), the home is not the sum
// of its devices: what a device draws from a socket is in the meter's figure already. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "history/energy/energy_flow.h"
#include "history/energy/energy_sources.h"
#include "overview/home_picture.h"

namespace gridloom::overview {

enum class Quantity : std::uint8_t {
  kSun,
  kBatteryIn,
  kBatteryOut,
  kGridImport,
  kGridExport,
  kHome,  // with what goes to the car and to heating
  kCar,
  kHeat
};
inline constexpr std::size_t kQuantities = 8;
[[nodiscard]] std::string_view name_of(Quantity quantity);

// One flow of a device, in the unit of its home's sums.
struct DeviceFlow {
  std::optional<double> value{};  // nothing: not known
  bool at_least = true;           // not known for all of the span
};
using DeviceFlows = std::array<DeviceFlow, history::kEnergyFlows>;  // by history::EnergyFlow

// Nothing: no device measures it, or it is not known of any that does. The home's value follows
// from the others, and one of those is not known.
struct HomeFlows {
  std::array<std::optional<double>, kQuantities> values{};  // by Quantity
  bool at_least = false;        // some devices that belong to it are not known for all of the span
  bool is_metered = false;      // a meter measures the home's connection to the grid
  std::int64_t unknown_ms = 0;  // the past part of the span of which nothing is known

  // Those of a part of the span, as if they were steady.
  [[nodiscard]] HomeFlows share(double part) const {
    HomeFlows made = *this;
    for (auto& value : made.values) {
      if (value) *value *= part;
    }
    made.unknown_ms = static_cast<std::int64_t>(part * static_cast<double>(unknown_ms));
    return made;
  }
  [[nodiscard]] std::optional<double>& of(Quantity quantity) {
    return values.at(static_cast<std::size_t>(quantity));
  }
  [[nodiscard]] const std::optional<double>& of(Quantity quantity) const {
    return values.at(static_cast<std::size_t>(quantity));
  }
};

// Sums up one span, device by device.
class HomeFlowSums {
 public:
  // The meter decides what the grid is, so it must be known before the first device is added.
  enum class Grid : std::uint8_t { kMeasured, kImportOfDevices };
  explicit HomeFlowSums(Grid grid) : grid_(grid) {}

  enum class Battery : std::uint8_t { kMeasuredOrNone, kByBalance };  // has_battery_by_balance()
  void add(Role role, const history::EnergySources& sources, const DeviceFlows& flows,
           Battery battery = Battery::kMeasuredOrNone);
  // Adds energy of batteries that nothing measures, where that is known already.
  void add_stored(double value) { add_to(stored_, {.value = value, .at_least = false}); }
  [[nodiscard]] HomeFlows flows() const;
  // The quantities that the devices measure, known or not, in the order of the enum.
  [[nodiscard]] std::vector<Quantity> quantities() const;

 private:
  struct Sum {
    bool exists = false;  // a device measures it
    std::optional<double> value{};

    [[nodiscard]] bool is_unknown() const { return exists && !value; }
  };
  void add_to(Sum& sum, const DeviceFlow& flow);
  void add_stored(const history::EnergySources& sources, const DeviceFlows& flows);
  [[nodiscard]] Sum& of(Quantity quantity) { return sums_.at(static_cast<std::size_t>(quantity)); }
  [[nodiscard]] const Sum& of(Quantity quantity) const {
    return sums_.at(static_cast<std::size_t>(quantity));
  }
  [[nodiscard]] bool has_sources() const;
  [[nodiscard]] std::optional<double> home() const;

  Grid grid_;
  std::array<Sum, kQuantities> sums_{};  // by Quantity; the home's are the loads of the devices
  Sum stored_;                           // by batteries that nothing measures
  bool at_least_ = false;
};

[[nodiscard]] HomeFlowSums::Battery battery_of_sums(const catalog::Family& family,
                                                    const history::EnergySources& sources);

// The energies that a home has made, drawn, given and used during a span of time. The shares are
// those of a home whose connection to the grid is measured, from 0 to 100.
struct Ledger {
  HomeFlows flows_kwh{};
  std::optional<double> self_sufficiency_percent{};  // nothing: nothing was used, or not known
  std::optional<double> self_consumption_percent{};  // nothing: no sun, or not known
};

// The sums of the energies of parts of the span, in Wh. A sum is that of the parts that are known,
// and a share is of those parts of which both its energies are.
[[nodiscard]] Ledger ledger_of(std::span<const HomeFlows> parts_wh);

}  // namespace gridloom::overview
