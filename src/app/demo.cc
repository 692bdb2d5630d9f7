#include "app/demo.h"

#include <string_view>

namespace gridloom::app {
namespace {

constexpr std::string_view kAccountName = "demo";

}  // namespace

Result<DemoHome> demo_home(registry::Registry& registry, const catalog::Catalog& catalog) {
  auto directory = registry.directory();
  if (directory->find_account_by_name(kAccountName) == nullptr) {
    if (const auto added = registry.add_account({.name = kAccountName}); !added) {
      return std::unexpected(added.error());
    }
  }
  std::vector<registry::DeviceSpec> missing;
  for (const catalog::FamilyPtr& family : catalog.families()) {
    for (const auto& device : family->virtual_devices.devices) {
      if (directory->find_device(device.sn) != nullptr) continue;
      missing.push_back({.sn = device.sn, .name = device.name, .owner = kAccountName});
    }
  }
  if (!missing.empty()) {
    if (const auto added = registry.add_devices(missing); !added) {
      return std::unexpected(added.error());
    }
  }
  directory = registry.directory();
  const registry::Account* account = directory->find_account_by_name(kAccountName);
  std::vector<const registry::AccessKey*> keys = directory->keys_of(account->id);
  if (keys.empty()) {
    if (const auto added = registry.add_keys(kAccountName); !added) {
      return std::unexpected(added.error());
    }
    directory = registry.directory();
    keys = directory->keys_of(account->id);
  }
  DemoHome home{.key = *keys.front(), .members = {}};
  for (const catalog::FamilyPtr& family : catalog.families()) {
    for (const auto& device : family->virtual_devices.devices) {
      const registry::Device* known = directory->find_device(device.sn);
      if (known == nullptr || known->owner != account->id) continue;  // moved to another owner
      home.members.push_back({.family = family, .sn = known->sn, .key = known->key});
    }
  }
  return home;
}

}  // namespace gridloom::app
