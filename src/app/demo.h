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

// Asks for the devices that the files of all families list, in the demo home or not.
inline constexpr std::string_view kAllFamilies = "all";
// Owns the devices of the demo home.
inline constexpr std::string_view kDemoAccount = "demo";

struct DemoHome {
  registry::AccessKey key;
  std::vector<sim::Member> members;
};

// Creates the parts of the demo home that are missing. Devices of an earlier start are kept, but
// are not simulated unless they are selected. `chosen` has the format of parse_groups(); empty: the
// devices of the demo home that the device files list; or kAllFamilies.
[[nodiscard]] Result<DemoHome> demo_home(registry::Registry& registry,
                                         const catalog::Catalog& catalog, std::string_view chosen);

}  // namespace gridloom::app
