// A household meter: a device that measures a site's connection to the grid and does nothing else.
// It may be plugged in as `meter` beside a device that regulates the connection.
#pragma once

#include <algorithm>
#include <ranges>

#include "catalog/family.h"

namespace gridloom::catalog {

// Whether the family's devices are household meters: their parts are the grid and what the home
// draws from it.
[[nodiscard]] inline bool measures_only(const Family& family) {
  return !family.physics.empty() &&
         std::ranges::all_of(family.physics, [](const PhysicsPart& part) {
           const bool is_home = part.kind == PartKind::kLoad && part.feeds.empty() &&
                                part.number("household_share").value_or(0) > 0;
           return part.kind == PartKind::kGrid || is_home;
         });
}

}  // namespace gridloom::catalog
