#include "with_lab/demo.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/home.h"
#include "sim/home.h"
#include "with_lab/device_groups.h"

namespace gridloom::app {
namespace {

struct Chosen {
  std::vector<sim::Member> members;  // without keys
  std::vector<std::string> names;    // of members
  std::vector<sim::SiteOptions> sites;

  void add(sim::Member member, std::string name) {
    members.push_back(std::move(member));
    names.push_back(std::move(name));
  }
};

Result<Chosen> devices_of_home(const catalog::Catalog& catalog, const std::string& home) {
  GL_TRY(const auto found, catalog::find_home(home, catalog));
  Chosen chosen;
  for (const catalog::Site& site : found.sites) {
    for (const catalog::SiteDevice& device : site.devices) {
      GL_TRY(sim::check_model(device.family));
      chosen.add({.family = device.family,
                  .sn = device.sn,
                  .key = {},
                  .site = chosen.sites.size(),
                  .plug = device.plug,
                  .setup = sim::setup_of(site, device)},
                 device.name);
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
      const auto known = std::ranges::find(chosen.members, listed.sn, &sim::Member::sn);
      if (known != chosen.members.end()) continue;
      GL_TRY(sim::check_model(family));
      chosen.add({.family = family, .sn = listed.sn, .key = {}}, listed.name);
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
      chosen.add({.family = family, .sn = sim::simulated_sn(*family, i), .key = {}},
                 fmt::format("{} {}", family->product, i));
    }
  }
  chosen.sites = share_houses(chosen.members, {});
  return chosen;
}

Result<Chosen> devices_of(const catalog::Catalog& catalog, const DemoChoice& choice) {
  if (!choice.groups.empty()) return devices_of_groups(catalog, choice.groups);
  auto chosen = devices_of_home(catalog, choice.home);
  if (!chosen || (choice.home != kDemoHome && choice.home != kAllHome)) return chosen;
  GL_TRY(add_listed(catalog, choice.home == kAllHome, *chosen));
  return chosen;
}

}  // namespace

Status check_demo(const catalog::Catalog& catalog, const DemoChoice& choice) {
  const auto chosen = devices_of(catalog, choice);
  return chosen ? Status() : std::unexpected(chosen.error());
}

Result<DemoHome> demo_home(registry::Registry& registry, const catalog::Catalog& catalog,
                           const DemoChoice& choice) {
  GL_TRY(auto chosen, devices_of(catalog, choice));
  auto directory = registry.directory();
  if (directory->find_account_by_name(kDemoAccount) == nullptr) {
    GL_TRY(registry.add_account({.name = kDemoAccount}));
  }
  std::vector<registry::DeviceSpec> missing;
  for (std::size_t i = 0; i < chosen.members.size(); ++i) {
    const std::string& sn = chosen.members[i].sn;
    if (directory->find_device(sn) != nullptr) continue;
    missing.push_back({.sn = sn, .name = chosen.names[i], .owner = kDemoAccount});
  }
  if (!missing.empty()) {
    GL_TRY(registry.add_devices(missing));
  }
  directory = registry.directory();
  const registry::Account* account = directory->find_account_by_name(kDemoAccount);
  std::vector<const registry::AccessKey*> keys = directory->keys_of(account->id);
  if (keys.empty()) {
    GL_TRY(registry.add_keys(kDemoAccount));
    directory = registry.directory();
    keys = directory->keys_of(account->id);
  }
  DemoHome home{.key = *keys.front(), .members = {}, .sites = std::move(chosen.sites)};
  for (sim::Member& member : chosen.members) {
    const registry::Device* known = directory->find_device(member.sn);
    if (known == nullptr || known->owner != account->id) continue;  // moved to another owner
    member.key = known->key;
    home.members.push_back(std::move(member));
  }
  return home;
}

}  // namespace gridloom::app
