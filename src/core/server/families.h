// The families of devices by their number, as history names devices.
#pragma once

#include <memory>

#include "catalog/family.h"
#include "history/energy_query.h"
#include "registry/registry.h"

namespace gridloom::server {

// For one thread. `registry` outlives the result.
[[nodiscard]] history::FamilyOf family_of(const registry::Registry& registry,
                                          std::shared_ptr<const catalog::Catalog> catalog);

}  // namespace gridloom::server
