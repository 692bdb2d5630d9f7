// Families and the number of devices of each, as users write them: "delta_2=500,power_stream".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"
#include "sim/fleet.h"
#include "sim/home.h"
#include "sim/world.h"

namespace gridloom::app {

// Parses "delta_2=500,power_stream" into families and the number of devices of each. kBadParams:
// the text has a different form, or a number is zero or too large.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::size_t>>> parse_groups(
    std::string_view text);

// As parse_groups(), with families resolved in the catalog; also an error if a family is unknown.
using Groups = std::vector<std::pair<catalog::FamilyPtr, std::size_t>>;
[[nodiscard]] Result<Groups> groups_of(std::string_view text, const catalog::Catalog& catalog);

// Puts devices without a home file into houses, so that the powers of their home add up: a device
// that measures and regulates a connection to the grid has a house, where the others draw from
// sockets, supply a circuit each, or feed in. The others are dealt out among these houses; a device
// whose house nobody shares, and all of them where none measures, keep a world of their own. Sets
// site, plug and setup of the members, and returns the sites.
[[nodiscard]] std::vector<sim::SiteOptions> share_houses(std::vector<sim::Member>& members,
                                                         const sim::World::Options& world);

}  // namespace gridloom::app
