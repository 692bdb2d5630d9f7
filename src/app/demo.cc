#include "app/demo.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/device_groups.h"
#include "catalog/home.h"
#include "sim/home.h"

namespace gridloom::app {
namespace {

struct Wanted {
  catalog::FamilyPtr family;
  std::string sn;
  std::string name;
  std::optional<std::size_t> site{};
  catalog::Plug plug = catalog::Plug::kCircuit;
  sim::Setup setup{};
};

struct Chosen {
  std::vector<Wanted> devices;
  std::vector<sim::SiteOptions> sites;
};

Result<Chosen> devices_of_home(const catalog::Catalog& catalog, const std::string& home) {
  const auto found = catalog::find_home(home, catalog);
  if (!found) return std::unexpected(found.error());
  Chosen chosen;
  for (const catalog::Site& site : found->sites) {
    for (const catalog::SiteDevice& device : site.devices) {
      if (const Status fits = sim::check_model(device.family); !fits) {
        return std::unexpected(fits.error());
      }
      chosen.devices.push_back({.family = device.family,
                                .sn = device.sn,
                                .name = device.name,
                                .site = chosen.sites.size(),
                                .plug = device.plug,
                                .setup = sim::setup_of(site, device)});
    }
    chosen.sites.push_back(sim::options_of(site));
  }
  return chosen;
}

// The devices that files of a user's own list, each at a site of its own.
Status add_listed(const catalog::Catalog& catalog, bool all, Chosen& chosen) {
  for (const catalog::FamilyPtr& family : catalog.families()) {
    if (!family->virtual_devices.in_home && !all) continue;
    for (const catalog::Virtual::Device& listed : family->virtual_devices.devices) {
      const auto known = std::ranges::find(chosen.devices, listed.sn, &Wanted::sn);
      if (known != chosen.devices.end()) continue;
      if (Status fits = sim::check_model(family); !fits) return fits;
      chosen.devices.push_back({.family = family, .sn = listed.sn, .name = listed.name});
    }
  }
  return {};
}

Result<Chosen> devices_of_groups(const catalog::Catalog& catalog, const std::string& text) {
  const auto groups = groups_of(text, catalog);
  if (!groups) return fail(groups.error().code, "--demo-home: " + groups.error().detail);
  Chosen chosen;
  for (const auto& [family, devices] : *groups) {
    for (std::size_t i = 1; i <= devices; ++i) {
      chosen.devices.push_back({.family = family,
                                .sn = sim::simulated_sn(*family, i),
                                .name = fmt::format("{} {}", family->product, i)});
    }
  }
  return chosen;
}

}  // namespace

Result<DemoHome> demo_home(registry::Registry& registry, const catalog::Catalog& catalog,
                           const DemoChoice& choice) {
  auto chosen = choice.groups.empty() ? devices_of_home(catalog, choice.home)
                                      : devices_of_groups(catalog, choice.groups);
  if (!chosen) return std::unexpected(chosen.error());
  if (choice.groups.empty() && (choice.home == kDemoHome || choice.home == kAllHome)) {
    if (Status added = add_listed(catalog, choice.home == kAllHome, *chosen); !added) {
      return std::unexpected(added.error());
    }
  }
  auto directory = registry.directory();
  if (directory->find_account_by_name(kDemoAccount) == nullptr) {
    if (const auto added = registry.add_account({.name = kDemoAccount}); !added) {
      return std::unexpected(added.error());
    }
  }
  std::vector<registry::DeviceSpec> missing;
  for (const Wanted& device : chosen->devices) {
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
  DemoHome home{.key = *keys.front(), .members = {}, .sites = std::move(chosen->sites)};
  for (const Wanted& device : chosen->devices) {
    const registry::Device* known = directory->find_device(device.sn);
    if (known == nullptr || known->owner != account->id) continue;  // moved to another owner
    home.members.push_back({.family = device.family,
                            .sn = known->sn,
                            .key = known->key,
                            .site = device.site,
                            .plug = device.plug,
                            .setup = device.setup});
  }
  return home;
}

}  // namespace gridloom::app
