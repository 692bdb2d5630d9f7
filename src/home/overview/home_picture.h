// Where the power of a home comes from and goes to now, computed from what its devices report. The
// home is not the sum of its devices: what a power station draws from a socket is part of what the
// house uses, and what a small inverter feeds in is seen by the meter too. Pure.
//
// Signs: battery + charges, grid + imports, all others are not negative.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "history/energy/device_role.h"
#include "history/energy/energy_sources.h"
#include "overview/overview.h"

namespace gridloom::overview {

using history::name_of;
using history::Role;
using history::role_of;

// A device of a home, and the household meter that it has the power of its site from.
struct Member {
  const catalog::Family* family = nullptr;  // never null
  std::string_view sn{};
  std::string_view meter_sn{};  // Overview::meter_sn
};
// The roles of all devices of a home, in their order. Where the meter that a device names belongs
// to the home too, both show one connection to the grid: it counts at the meter alone, and the
// device only feeds the home.
[[nodiscard]] std::vector<Role> roles_of(std::span<const Member> members);

// Why a power is not known.
enum class UnknownReason : std::uint8_t {
  kNever,        // the device has never reported
  kOffline,      // it is not connected
  kOld,          // it is connected, but its last report is too old
  kNotReported,  // it reports, but not this power yet, or that it has no value for it
  kNotMeasured   // its family does not measure this power
};
[[nodiscard]] std::string_view name_of(UnknownReason reason);

// Whether the family has a battery whose power it does not measure, but all that its devices get
// and give, which says what the battery takes.
[[nodiscard]] bool has_battery_by_balance(const history::EnergySources& sources, bool has_charge);

// A device of the home. `figures` null: what it reported last is too old, or it never has.
struct PictureDevice {
  Role role = Role::kOther;
  const history::EnergySources* sources = nullptr;  // of its family: what it measures at all
  bool has_charge = false;                          // its family has a charge
  const Overview* figures = nullptr;
  UnknownReason no_figures = UnknownReason::kOld;  // why figures is null
};

struct UnknownDevice {
  std::size_t device = 0;  // index in the devices of the home
  UnknownReason reason{};
  friend bool operator==(const UnknownDevice&, const UnknownDevice&) = default;
};
inline constexpr std::size_t kMaxNamedUnknown = 8;  // devices of a place

// A place where power comes from or goes to. Nothing: not known.
struct PowerNode {
  bool exists = false;
  std::optional<double> power_w{};
  bool at_least = false;  // some devices that belong to it are not known
  // The sum of the devices that are known, where the power is not: parts of both signs.
  std::optional<double> known_w{};
  // Devices because of which the power is not known, or is at least that: each once, in the home's
  // order, the first kMaxNamedUnknown of them. Empty: the power is known.
  std::vector<UnknownDevice> unknown{};
  std::size_t unknown_devices = 0;  // all of them
};

enum class PowerPlace : std::uint8_t { kSun, kBattery, kGrid, kHome, kCar, kHeat };
inline constexpr std::size_t kPlaces = 6;
[[nodiscard]] std::string_view name_of(PowerPlace place);

struct PowerFlow {
  PowerPlace from{};
  PowerPlace to{};
  double power_w = 0;
  friend bool operator==(const PowerFlow&, const PowerFlow&) = default;
};

enum class GridCaption : std::uint8_t { kMeasured, kImportOfDevices, kNone };
[[nodiscard]] std::string_view name_of(GridCaption caption);

struct HomePicture {
  std::array<PowerNode, kPlaces> nodes{};
  std::optional<double> charge_percent{};  // the mean of the batteries that are known
  std::vector<PowerFlow> flows{};          // all above 0
  std::optional<double> unaccounted_w{};   // what the sources give and no use explains, or back
  GridCaption grid_caption = GridCaption::kNone;

  [[nodiscard]] const PowerNode& at(PowerPlace place) const {
    return nodes.at(static_cast<std::size_t>(place));
  }
};

[[nodiscard]] HomePicture picture_of(std::span<const PictureDevice> devices);

// The sources and uses of a moment, in W, none negative.
struct Balance {
  double sun = 0;
  double charging = 0;
  double discharging = 0;
  double imported = 0;
  double exported = 0;
  double home = 0;
};
struct Flows {
  std::vector<PowerFlow> flows;  // between sun, battery, grid and home
  double rest_w = 0;             // of the home: nothing known supplies it
};
// Sun goes first to the battery, then out; the grid charges the battery only where nothing else
// explains the charge.
[[nodiscard]] Flows flows_of(const Balance& balance);

}  // namespace gridloom::overview
