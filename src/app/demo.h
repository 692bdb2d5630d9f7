// The demo home: an account with one virtual device of each family (as the device files list them),
// or with devices that the user selects.
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

// Creates the parts of the demo home that are missing. Devices of an earlier start are kept, but
// are not simulated unless they are selected. `chosen` has the format of parse_groups(); empty: the
// devices that the device files list.
[[nodiscard]] Result<DemoHome> demo_home(registry::Registry& registry,
                                         const catalog::Catalog& catalog, std::string_view chosen);

}  // namespace gridloom::app
