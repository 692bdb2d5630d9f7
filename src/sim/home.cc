#include "sim/home.h"

#include <cstdint>

namespace gridloom::sim {
namespace {

constexpr std::uint32_t kAllCircuits = (1U << catalog::kHomeCircuits.size()) - 1;

// The circuits that nobody else supplies hang on the meter; in a camper all of them hang on the
// device that supplies it, which knows them.
std::optional<std::uint32_t> circuits_of(const catalog::Site& site,
                                         const catalog::SiteDevice& device) {
  if (device.plug == catalog::Plug::kOffGrid) return std::nullopt;
  if (!site.household) return 0;
  if (device.plug != catalog::Plug::kMeter) return device.supplies;
  std::uint32_t left = kAllCircuits;
  for (const catalog::SiteDevice& other : site.devices) {
    if (other.sn != device.sn) left &= ~other.supplies;
  }
  return left;
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
  return {.place = device.place,
          .circuits = circuits_of(site, device),
          .carried = device.carried,
          .initial = device.initial,
          .roofs = device.panels,
          .habits = device.habits};
}

}  // namespace gridloom::sim
