// The facts that the parts of a family tell about its devices beyond their powers.
//
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

// The formula above 0 of a device that its PV modules alone feed: it is off without sun. Nullptr:
// the family's devices have another supply.
[[nodiscard]] inline const Formula* awake_formula(const Family& family) {
  for (const PhysicsPart& part : family.physics) {
    const auto found = part.formulas.find("awake");
    if (found != part.formulas.end()) return &found->second;
  }
  return nullptr;
}

}  // namespace gridloom::catalog
