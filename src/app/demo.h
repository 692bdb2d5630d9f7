// The demo home: an account with one virtual device of each family (as the device files list them).
#pragma once

#include <memory>
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

// Makes what is missing of it; what an earlier start made stays.
[[nodiscard]] Result<DemoHome> demo_home(registry::Registry& registry,
                                         const catalog::Catalog& catalog);

}  // namespace gridloom::app
