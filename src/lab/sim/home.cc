#include "sim/home.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "catalog/natures.h"
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

// Units of one system say so in fields of their family: its number, and their role.
InitialValues system_of(const catalog::Site& site, const catalog::SiteDevice& device) {
  const auto main = std::ranges::find_if(site.devices, [](const catalog::SiteDevice& one) {
    return one.plug == catalog::Plug::kMeter && one.family->system;
  });
  const bool has_units = std::ranges::any_of(site.devices, [](const catalog::SiteDevice& one) {
    return one.plug == catalog::Plug::kUnit;
  });
  if (main == site.devices.end() || !device.family->system) return {};
  const bool is_main = device.plug == catalog::Plug::kMeter;
  if (!has_units || (!is_main && device.plug != catalog::Plug::kUnit)) return {};
  const catalog::UnitSystem& system = *device.family->system;
  constexpr std::uint64_t kMostGroups = 0x7fffffff;
  const auto group = static_cast<std::int64_t>(Chance(0).split(main->sn).bits(0) % kMostGroups + 1);
  InitialValues initial;
  initial.emplace_back(system.group, group);
  initial.emplace_back(system.role, is_main ? system.main : system.unit);
  return initial;
}

// A device that regulates the connection has its power from the site's household meter, and both
// say which system they belong to.
void add_meter(const catalog::Site& site, const catalog::SiteDevice& device,
               InitialValues& initial) {
  const auto is_meter = [](const catalog::SiteDevice& one) {
    return one.plug == catalog::Plug::kMeter && catalog::measures_only(*one.family);
  };
  const auto meter = std::ranges::find_if(site.devices, is_meter);
  if (meter == site.devices.end()) return;
  if (is_meter(device)) {
    for (const catalog::SiteDevice& one : site.devices) {
      const auto& system = one.family->system;
      if (one.plug != catalog::Plug::kMeter || !system) continue;
      const InitialValues of_system = system_of(site, one);
      if (of_system.empty() || device.family->field(system->group) == nullptr) continue;
      initial.push_back(of_system.front());
    }
    return;
  }
  const bool is_of_system =
      device.plug == catalog::Plug::kMeter || device.plug == catalog::Plug::kUnit;
  const catalog::Field* const field = catalog::meter_field(*device.family);
  if (is_of_system && field != nullptr) initial.emplace_back(field->name, meter->sn);
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
  InitialValues initial = system_of(site, device);
  add_meter(site, device, initial);
  initial.insert(initial.end(), device.initial.begin(), device.initial.end());
  return {.place = device.place,
          .circuits = circuits_of(site, device),
          .carried = device.carried,
          .initial = std::move(initial),
          .roofs = device.panels,
          .habits = device.habits,
          .meter = device.meter,
          .sleeps = device.sleeps,
          .packs = device.packs};
}

}  // namespace gridloom::sim
