#include "sim/home.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "catalog/site_meter.h"

namespace gridloom::sim {
namespace {

constexpr std::uint32_t kAllCircuits = (1U << catalog::kHomeCircuits.size()) - 1;

// The circuits that nobody else supplies hang on the meter; in a camper all of them hang on the
// device that supplies it, which knows them.
std::optional<std::uint32_t> circuits_of(const catalog::Site& site,
                                         const catalog::SiteDevice& device) {
  if (device.plug == catalog::Plug::kOffGrid) return std::nullopt;
  if (!site.household) return 0;
  const auto is_of_system = [](const catalog::SiteDevice& one) {
    return one.plug == catalog::Plug::kMeter || one.plug == catalog::Plug::kUnit;
  };
  if (!is_of_system(device)) return device.supplies;
  // A household meter reads what hangs on the device that regulates the connection.
  const bool is_regulated = std::ranges::any_of(site.devices, [](const auto& one) {
    return one.plug == catalog::Plug::kMeter && !catalog::measures_only(*one.family);
  });
  if (is_regulated && catalog::measures_only(*device.family)) return 0;
  std::uint32_t left = kAllCircuits;
  for (const catalog::SiteDevice& other : site.devices) {
    if (!is_of_system(other)) left &= ~other.supplies;
  }
  return left;
}

// Units of one system say so in fields of their family.
void add_system(const catalog::Site& site, const catalog::SiteDevice& device,
                InitialValues& initial) {
  const auto main = std::ranges::find_if(site.devices, [](const catalog::SiteDevice& one) {
    return one.plug == catalog::Plug::kMeter && one.family->system;
  });
  const bool has_units = std::ranges::any_of(site.devices, [](const catalog::SiteDevice& one) {
    return one.plug == catalog::Plug::kUnit;
  });
  if (main == site.devices.end() || !device.family->system) return;
  const bool is_main = device.plug == catalog::Plug::kMeter;
  if (!has_units || (!is_main && device.plug != catalog::Plug::kUnit)) return;
  const catalog::UnitSystem& system = *device.family->system;
  constexpr std::uint64_t kMostGroups = 0x7fffffff;
  const auto group = static_cast<std::int64_t>(Chance(0).split(main->sn).bits(0) % kMostGroups + 1);
  initial.emplace_back(system.group, group);
  initial.emplace_back(system.role, is_main ? system.main : system.unit);
}

}  // namespace

SiteOptions options_of(const catalog::Site& site) {
  SiteOptions options{.has_grid = site.phases > 0};
  options.world.latitude_deg = site.latitude_deg;
  if (!site.household) return options;
  options.world.yearly_kwh = site.household->kwh;
  options.household = {.chance = Chance(options.world.seed).split("household").split(site.name),
                       .people = site.household->people};
  return options;
}

Setup setup_of(const catalog::Site& site, const catalog::SiteDevice& device) {
  InitialValues initial;
  add_system(site, device, initial);
  initial.insert(initial.end(), device.initial.begin(), device.initial.end());
  return {.place = device.place,
          .circuits = circuits_of(site, device),
          .carried = device.carried,
          .initial = std::move(initial),
          .roofs = device.panels,
          .habits = device.habits,
          .meter = device.meter,
          .packs = device.packs};
}

}  // namespace gridloom::sim
