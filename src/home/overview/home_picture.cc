#include "overview/home_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/natures.h"

namespace gridloom::overview {
namespace {

using history::EnergySources;
using history::Power;

// The home's use may differ this much from what its parts say: clocks and losses.
constexpr double kTolerance_w = 50;
constexpr double kTolerance = 0.05;

// Devices because of which a power is not known, added in the order of the home's devices.
class Unknowns {
 public:
  void add(const UnknownDevice& device) {
    if (last_ == device.device) return;
    last_ = device.device;
    ++count_;
    if (first_.size() < kMaxNamedUnknown) first_.push_back(device);
  }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  void write_to(PowerNode& node) const {
    node.unknown = first_;
    node.unknown_devices = count_;
  }

 private:
  std::vector<UnknownDevice> first_;
  std::size_t count_ = 0;
  std::optional<std::size_t> last_;
};

enum class Parts : std::uint8_t { kOneSign, kBothSigns };

// A sum of what several devices report.
struct Sum {
  bool exists = false;
  bool is_known = false;  // at least one part
  double value = 0;
  Unknowns unknowns{};

  // `if_unknown`: the device, and the reason if there is no part.
  void add(std::optional<double> part, const UnknownDevice& if_unknown) {
    exists = true;
    if (!part) return unknowns.add(if_unknown);
    is_known = true;
    value += *part;
  }
  [[nodiscard]] bool is_whole() const { return unknowns.empty(); }
  // A sum that lacks a part has a least value only if all parts have one sign.
  [[nodiscard]] PowerNode node(Parts parts = Parts::kOneSign) const {
    const auto known = is_known ? std::optional(value) : std::nullopt;
    PowerNode node{.exists = exists};
    if (is_whole() || parts == Parts::kOneSign) {
      node.power_w = known;
      node.at_least = !is_whole() && is_known;
    } else {
      node.known_w = known;
    }
    unknowns.write_to(node);
    return node;
  }
};

std::optional<double> power_in(const PictureDevice& device, Power power) {
  if (device.figures == nullptr) return std::nullopt;
  return device.figures->powers_w.at(static_cast<std::size_t>(power));
}

// Nothing if the family does not measure it at all.
std::optional<std::optional<double>> measured(const PictureDevice& device, Power power) {
  if (!measures(*device.sources, power)) return std::nullopt;
  return power_in(device, power);
}

// A list of devices that the device may have: one that it never reported is empty.
bool is_list(const EnergySources& sources, Power power) {
  return std::ranges::all_of(sources.powers, [&](const EnergySources::PowerField& each) {
    return each.power != power || !each.member.empty();
  });
}

std::optional<double> battery_of(const PictureDevice& device) {
  if (device.figures == nullptr) return std::nullopt;
  if (!has_battery_by_balance(*device.sources, device.has_charge)) {
    return battery_power(*device.sources, device.figures->powers_w);
  }
  const auto import = power_in(device, Power::kGridImport);
  const auto load = power_in(device, Power::kLoad);
  const auto sun = measures(*device.sources, Power::kPv) ? power_in(device, Power::kPv) : 0;
  if (!import || !load || !sun) return std::nullopt;
  return *sun + *import - *load;
}

struct Sums {
  Sum sun, battery, grid, car, heat;
  Sum uses;         // what the parts say that the home uses
  Sum known_loads;  // of all that report a load, for a home of which nothing says what supplies it
  double most = 0;  // that one of them reports: one may supply another
  double charge = 0;
  std::size_t charges = 0;
  bool has_meter = false;
  Unknowns unknown_sources;  // of sun, battery and grid
  Unknowns loads_alone;      // devices with a load, whose families do not say what supplies it
  Unknowns charges_alone;    // devices with a charge, whose families do not measure its power
};

// The powers that supply the home.
void add_sources(Sums& sums, const PictureDevice& device, const UnknownDevice& if_unknown) {
  const auto add_to = [&](Sum& sum, std::optional<double> part) {
    sum.add(part, if_unknown);
    if (!part) sums.unknown_sources.add(if_unknown);
  };
  if (const auto sun = measured(device, Power::kPv)) add_to(sums.sun, *sun);
  if (has_battery(*device.sources) || has_battery_by_balance(*device.sources, device.has_charge)) {
    add_to(sums.battery, battery_of(device));
  }
  if (device.role == Role::kMeter) {
    add_to(sums.grid, power_in(device, Power::kGrid));
  } else if (device.role == Role::kConsumer && !sums.has_meter) {
    add_to(sums.grid, power_in(device, Power::kGridImport));
  }
}

void add(Sums& sums, const PictureDevice& device, std::size_t index) {
  const bool has_figures = device.figures != nullptr;
  const UnknownDevice if_unknown{
      .device = index, .reason = has_figures ? UnknownReason::kNotReported : device.no_figures};
  const UnknownDevice not_measured{.device = index, .reason = UnknownReason::kNotMeasured};
  add_sources(sums, device, if_unknown);
  for (const auto& [power, to] :
       {std::pair{Power::kEv, &sums.car}, std::pair{Power::kHeater, &sums.heat},
        std::pair{Power::kHeatpump, &sums.heat}}) {
    const auto part = measured(device, power);
    if (part && (*part || !has_figures || !is_list(*device.sources, power))) {
      to->add(*part, if_unknown);
    }
  }
  const bool has_heat_pump = has_figures && device.figures->has_heat_pump;
  if (has_heat_pump && !measures(*device.sources, Power::kHeatpump)) {
    sums.heat.add(std::nullopt, not_measured);
  }
  const auto charge = has_figures ? device.figures->charge_percent : std::nullopt;
  if (device.has_charge) sums.charges_alone.add(not_measured);
  if (device.has_charge && charge) {
    sums.charge += *charge;
    ++sums.charges;
  }
  const auto load = measured(device, Power::kLoad);
  // A plug's load is behind the meter.
  if (!load || (device.role == Role::kOther && sums.has_meter)) return;
  sums.known_loads.add(*load, if_unknown);
  sums.most = std::max(sums.most, load->value_or(0));
  sums.loads_alone.add(*load ? not_measured : if_unknown);
  // The meter's figure already has the power that it draws from a socket.
  if (device.role == Role::kConsumer && sums.has_meter) {
    const auto drawn = power_in(device, Power::kGridImport);
    sums.uses.add(*load && drawn ? std::optional(**load - *drawn) : std::nullopt, if_unknown);
  } else {
    sums.uses.add(*load, if_unknown);
  }
}

double above(double value) { return std::max(value, 0.0); }

bool differ(double a, double b) {
  return std::abs(a - b) > std::max(kTolerance_w, kTolerance * std::max(std::abs(a), std::abs(b)));
}

void add_home(HomePicture& picture, const Sums& sums) {
  PowerNode& home = picture.nodes.at(static_cast<std::size_t>(PowerPlace::kHome));
  home.exists = sums.sun.exists || sums.grid.exists || sums.uses.exists;
  const bool has_sources = sums.sun.exists || sums.battery.exists || sums.grid.exists;
  if (!has_sources) {
    const Sum& known = sums.known_loads;
    home.power_w = known.is_known ? std::optional(above(known.value)) : std::nullopt;
    home.at_least = known.is_known;
    return sums.loads_alone.write_to(home);
  }
  if (!sums.unknown_sources.empty()) {
    const double least = std::max(sums.most, above(sums.car.value) + above(sums.heat.value));
    home.power_w = least > 0 ? std::optional(least) : std::nullopt;
    home.at_least = least > 0;
    return sums.unknown_sources.write_to(home);
  }
  const double balance = sums.sun.value - sums.battery.value + sums.grid.value;
  double used = above(balance);
  // A meter sees all of the home; without one, the parts may know better.
  const bool is_reported = !sums.has_meter && sums.uses.exists && sums.uses.is_whole();
  if (is_reported && differ(balance, sums.uses.value)) used = above(sums.uses.value);
  // Devices that reported at other moments than the meter: no part is larger than the home.
  used = std::max(used, above(sums.car.value) + above(sums.heat.value));
  home.power_w = used;
  picture.unaccounted_w = balance - used;
}

void add_flows(HomePicture& picture, const Sums& sums) {
  const PowerNode& home = picture.at(PowerPlace::kHome);
  // Where a source is not known, nor is what the others supply.
  const bool is_whole = home.power_w && sums.unknown_sources.empty();
  const double battery = sums.battery.value;
  const double grid = sums.grid.value;
  if (is_whole) {
    picture.flows = flows_of({.sun = above(sums.sun.value),
                              .charging = above(battery),
                              .discharging = above(-battery),
                              .imported = above(grid),
                              .exported = above(-grid),
                              .home = *home.power_w})
                        .flows;
  }
  for (const PowerPlace part : {PowerPlace::kCar, PowerPlace::kHeat}) {
    const PowerNode& node = picture.at(part);
    if (node.power_w && *node.power_w > 0) {
      picture.flows.push_back({.from = PowerPlace::kHome, .to = part, .power_w = *node.power_w});
    }
  }
}

}  // namespace

std::string_view name_of(PowerPlace place) {
  static constexpr std::array<std::string_view, kPlaces> kNames = {"sun",  "battery", "grid",
                                                                   "home", "car",     "heat"};
  return kNames.at(static_cast<std::size_t>(place));
}

std::string_view name_of(GridCaption caption) {
  static constexpr std::array<std::string_view, 3> kNames = {"measured", "import_of_devices",
                                                             "none"};
  return kNames.at(static_cast<std::size_t>(caption));
}

std::string_view name_of(UnknownReason reason) {
  static constexpr std::array<std::string_view, 5> kNames = {"never", "offline", "old",
                                                             "not_reported", "not_measured"};
  return kNames.at(static_cast<std::size_t>(reason));
}

bool has_battery_by_balance(const EnergySources& sources, bool has_charge) {
  return has_charge && !has_battery(sources) && measures(sources, Power::kGridImport) &&
         measures(sources, Power::kLoad);
}

std::vector<Role> roles_of(std::span<const Member> members) {
  struct Kind {
    Role role{};
    bool names_meter = false;
  };
  std::map<const catalog::Family*, Kind> kinds;
  std::set<std::string_view> meters;  // that name no meter themselves
  for (const Member& each : members) {
    const auto [kind, is_new] = kinds.try_emplace(each.family);
    if (is_new) {
      kind->second = {.role = role_of(*each.family),
                      .names_meter = catalog::meter_field(*each.family) != nullptr};
    }
    const bool is_meter = kind->second.role == Role::kMeter && !kind->second.names_meter;
    if (is_meter) meters.insert(each.sn);
  }
  std::vector<Role> roles;
  roles.reserve(members.size());
  for (const Member& each : members) {
    const Role role = kinds.at(each.family).role;
    const bool is_told =
        role == Role::kMeter && !each.meter_sn.empty() && meters.contains(each.meter_sn);
    roles.push_back(is_told ? role_without_grid(*each.family, EnergySources(*each.family)) : role);
  }
  return roles;
}

HomePicture picture_of(std::span<const PictureDevice> devices) {
  Sums sums;
  sums.has_meter = std::ranges::any_of(
      devices, [](const PictureDevice& each) { return each.role == Role::kMeter; });
  for (std::size_t i = 0; i < devices.size(); ++i) add(sums, devices[i], i);
  HomePicture picture;
  const auto node = [&](PowerPlace place) -> PowerNode& {
    return picture.nodes.at(static_cast<std::size_t>(place));
  };
  node(PowerPlace::kSun) = sums.sun.node();
  node(PowerPlace::kBattery) = sums.battery.node(Parts::kBothSigns);
  node(PowerPlace::kGrid) = sums.grid.node(sums.has_meter ? Parts::kBothSigns : Parts::kOneSign);
  node(PowerPlace::kCar) = sums.car.node();
  node(PowerPlace::kHeat) = sums.heat.node();
  // A rod that is off says nothing of a heat pump that is not measured.
  if (node(PowerPlace::kHeat).at_least && sums.heat.value == 0) {
    node(PowerPlace::kHeat).power_w.reset();
    node(PowerPlace::kHeat).at_least = false;
  }
  const bool any_charge =
      std::ranges::any_of(devices, [](const PictureDevice& each) { return each.has_charge; });
  node(PowerPlace::kBattery).exists |= any_charge;
  if (!sums.battery.exists) sums.charges_alone.write_to(node(PowerPlace::kBattery));
  if (sums.charges > 0) {
    picture.charge_percent = sums.charge / static_cast<double>(sums.charges);
  }
  if (sums.grid.exists) {
    picture.grid_caption = sums.has_meter ? GridCaption::kMeasured : GridCaption::kImportOfDevices;
  }
  add_home(picture, sums);
  add_flows(picture, sums);
  return picture;
}

Flows flows_of(const Balance& b) {
  const double grid_surplus = std::max(0.0, std::min(b.charging, b.imported - b.home));
  const double sun_to_battery = std::min(b.sun, b.charging - grid_surplus);
  const double sun_to_grid = std::min(b.sun - sun_to_battery, b.exported);
  const double battery_to_grid = std::min(b.discharging, b.exported - sun_to_grid);
  const double grid_to_battery =
      grid_surplus +
      std::min(b.imported - grid_surplus, b.charging - grid_surplus - sun_to_battery);
  const double sun_to_home = std::min(b.home, b.sun - sun_to_battery - sun_to_grid);
  const double battery_to_home = std::min(b.home - sun_to_home, b.discharging - battery_to_grid);
  const double grid_to_home =
      std::min(b.home - sun_to_home - battery_to_home, b.imported - grid_to_battery);
  Flows made{.flows = {}, .rest_w = b.home - sun_to_home - battery_to_home - grid_to_home};
  for (const PowerFlow& flow :
       {PowerFlow{PowerPlace::kSun, PowerPlace::kBattery, sun_to_battery},
        PowerFlow{PowerPlace::kSun, PowerPlace::kHome, sun_to_home},
        PowerFlow{PowerPlace::kSun, PowerPlace::kGrid, sun_to_grid},
        PowerFlow{PowerPlace::kBattery, PowerPlace::kHome, battery_to_home},
        PowerFlow{PowerPlace::kBattery, PowerPlace::kGrid, battery_to_grid},
        PowerFlow{PowerPlace::kGrid, PowerPlace::kHome, grid_to_home},
        PowerFlow{PowerPlace::kGrid, PowerPlace::kBattery, grid_to_battery}}) {
    if (flow.power_w > 0) made.flows.push_back(flow);
  }
  return made;
}

}  // namespace gridloom::overview
