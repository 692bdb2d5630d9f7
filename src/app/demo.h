// The demo home: an account with one virtual device of each family (as the device files list them),
// or with devices of one's own choice.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"
#include "registry/registry.h"
#include "sim/fleet.h"

namespace gridloom::app {

struct DemoHome {
  registry::AccessKey key;
  std::vector<sim::Member> members;
};

// Makes what is missing of it; what an earlier start made stays, but lives no longer if it is not
// chosen. `chosen` as parse_groups() reads it; empty: what the device files list.
[[nodiscard]] Result<DemoHome> demo_home(registry::Registry& registry,
                                         const catalog::Catalog& catalog, std::string_view chosen);

}  // namespace gridloom::app
