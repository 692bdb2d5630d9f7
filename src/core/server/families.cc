#include "server/families.h"

#include <cstdint>
#include <unordered_map>
#include <utility>

namespace gridloom::server {

history::FamilyOf family_of(const registry::Registry& registry,
                            std::shared_ptr<const catalog::Catalog> catalog) {
  struct FamiliesByNumber {
    std::shared_ptr<const registry::Directory> as_of;
    std::unordered_map<std::int64_t, catalog::FamilyPtr> families;
  };
  return [&registry, catalog = std::move(catalog),
          known = std::make_shared<FamiliesByNumber>()](std::int64_t number) {
    if (const auto now = registry.directory(); now != known->as_of) {
      known->families.clear();
      for (const registry::Device* device : now->devices()) {
        known->families.emplace(device->number, catalog->of_serial(device->sn));
      }
      known->as_of = now;
    }
    const auto found = known->families.find(number);
    return found == known->families.end() ? nullptr : found->second;
  };
}

}  // namespace gridloom::server
