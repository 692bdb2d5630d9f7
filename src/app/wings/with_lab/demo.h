// The demo home: an account with the virtual devices of a home file, or with devices that the user
// selects.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/options.h"
#include "base/result.h"
#include "catalog/home.h"
#include "registry/registry.h"
#include "sim/fleet.h"

namespace gridloom::app {

// The homes that the devices of device files of a user's own join.
using catalog::kAllHome;
using catalog::kDemoHome;

struct DemoHome {
  registry::AccessKey key;
  std::vector<sim::Member> members;
  std::vector<sim::SiteOptions> sites;  // Member::site
};

struct DemoChoice {
  std::string home{kDemoHome};  // as for catalog::find_home()
  std::string groups{};         // instead: devices of families, in the format of parse_groups()
};

// Whether such a home can be made. The errors of demo_home().
[[nodiscard]] Status check_demo(const catalog::Catalog& catalog, const DemoChoice& choice);
// Creates the parts of the demo home that are missing. Devices of an earlier start are kept, but
// are not simulated unless they are selected.
[[nodiscard]] Result<DemoHome> demo_home(registry::Registry& registry,
                                         const catalog::Catalog& catalog, const DemoChoice& choice);

}  // namespace gridloom::app
