// The household of a site: all of the site's devices make the same people of it, and the same home.
#pragma once

#include <optional>

#include "base/chance.h"
#include "sim/household/appliances.h"
#include "sim/household/household_model.h"

namespace gridloom::sim::household {

struct Shared {
  Chance chance;
  int people = 0;  // 0: as many as the chance draws
};

// The household of a device: the people of its site, or, where it shares none, those of `alone`.
[[nodiscard]] inline Shared household_of(const std::optional<Shared>& site, const Chance& alone) {
  return site.value_or(Shared{.chance = alone});
}

// Where they live, and use so much in a year.
[[nodiscard]] inline HouseholdModel home_of(const Shared& who, double yearly_kwh,
                                            const Inventory& inventory = home_inventory()) {
  return {who.chance, inventory, {.yearly_kwh = yearly_kwh, .persons = who.people}};
}

}  // namespace gridloom::sim::household
