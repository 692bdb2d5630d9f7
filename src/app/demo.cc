#include "app/demo.h"

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "app/device_groups.h"
#include "sim/virtual_device.h"

namespace gridloom::app {
namespace {

struct Wanted {
  catalog::FamilyPtr family;
  std::string sn;
  std::string name;
};

Result<std::vector<Wanted>> devices_of(const catalog::Catalog& catalog, std::string_view chosen) {
  std::vector<Wanted> wanted;
  if (chosen.empty() || chosen == kAllFamilies) {
    for (const catalog::FamilyPtr& family : catalog.families()) {
      if (const Status fits = sim::check_model(family); !fits) {
        return std::unexpected(fits.error());
      }
      if (!family->virtual_devices.in_home && chosen != kAllFamilies) continue;
      for (const auto& device : family->virtual_devices.devices) {
        wanted.push_back({.family = family, .sn = device.sn, .name = device.name});
      }
    }
    return wanted;
  }
  const auto groups = groups_of(chosen, catalog);
  if (!groups) return fail(groups.error().code, "--demo-home: " + groups.error().detail);
  for (const auto& [family, devices] : *groups) {
    for (std::size_t i = 1; i <= devices; ++i) {
      wanted.push_back({.family = family,
                        .sn = sim::simulated_sn(*family, i),
                        .name = fmt::format("{} {}", family->product, i)});
    }
  }
  return wanted;
}

}  // namespace

Result<DemoHome> demo_home(registry::Registry& registry, const catalog::Catalog& catalog,
                           std::string_view chosen) {
  const auto wanted = devices_of(catalog, chosen);
  if (!wanted) return std::unexpected(wanted.error());
  auto directory = registry.directory();
  if (directory->find_account_by_name(kDemoAccount) == nullptr) {
    if (const auto added = registry.add_account({.name = kDemoAccount}); !added) {
      return std::unexpected(added.error());
    }
  }
  std::vector<registry::DeviceSpec> missing;
  for (const Wanted& device : *wanted) {
    if (directory->find_device(device.sn) != nullptr) continue;
    missing.push_back({.sn = device.sn, .name = device.name, .owner = kDemoAccount});
  }
  if (!missing.empty()) {
    if (const auto added = registry.add_devices(missing); !added) {
      return std::unexpected(added.error());
    }
  }
  directory = registry.directory();
  const registry::Account* account = directory->find_account_by_name(kDemoAccount);
  std::vector<const registry::AccessKey*> keys = directory->keys_of(account->id);
  if (keys.empty()) {
    if (const auto added = registry.add_keys(kDemoAccount); !added) {
      return std::unexpected(added.error());
    }
    directory = registry.directory();
    keys = directory->keys_of(account->id);
  }
  DemoHome home{.key = *keys.front(), .members = {}};
  for (const Wanted& device : *wanted) {
    const registry::Device* known = directory->find_device(device.sn);
    if (known == nullptr || known->owner != account->id) continue;  // moved to another owner
    home.members.push_back({.family = device.family, .sn = known->sn, .key = known->key});
  }
  return home;
}

}  // namespace gridloom::app
