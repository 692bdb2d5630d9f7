// The devices of the home with a device of each family, for tests of one device at a time.
//
// Such a device starts as it does in that home, but shares neither people nor roofs nor a meter
// with others: what only a site has is left out of its set-up.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/home.h"
#include "sim/virtual_device.h"
#include "testing/catalog.h"

namespace gridloom::sim {

struct SetUpDevice {
  std::string sn;
  Setup setup{};
};

inline Setup setup_without_site(const catalog::SiteDevice& device) {
  Setup setup{.place = device.place, .initial = device.initial, .packs = device.packs};
  // The other families' files say what hangs on a device that has a household for itself.
  if (device.family->id == "delta_2") {
    setup.circuits = device.supplies;
    setup.carried = device.carried;
  }
  // The people of the home have set these: when the kitchen's power station gives what it has, what
  // hangs on a car socket, and that the air conditioner is off until they switch it on.
  constexpr std::array<std::string_view, 5> kSetByPeople = {
      "pd.watchIsConfig", "pd.bpPowerSoc", "pd.powerMode", "mppt.carState", "pd.carState"};
  std::erase_if(setup.initial, [&](const auto& value) {
    return std::ranges::find(kSetByPeople, value.first) != kSetByPeople.end();
  });
  return setup;
}

// Those of a family in the home's order, or those that the family's file lists, if it is no family
// of the home. Never empty.
inline std::vector<SetUpDevice> home_devices(const catalog::Family& family) {
  const auto& catalog = shipped_catalog();
  static const catalog::VirtualHome home =
      catalog::find_home(std::string(catalog::kAllHome), *catalog).value();
  std::vector<SetUpDevice> devices;
  for (const catalog::Site& site : home.sites) {
    for (const catalog::SiteDevice& device : site.devices) {
      if (device.family->id != family.id) continue;
      devices.push_back({.sn = device.sn, .setup = setup_without_site(device)});
    }
  }
  for (const catalog::Virtual::Device& listed : family.virtual_devices.devices) {
    devices.push_back({.sn = listed.sn, .setup = {.initial = listed.initial}});
  }
  EXPECT_FALSE(devices.empty()) << family.id;
  return devices;
}

}  // namespace gridloom::sim
