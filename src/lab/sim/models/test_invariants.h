// The identities of all families.
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/models/test_delta_2_invariants.h"
#include "sim/models/test_power_kits_invariants.h"
#include "sim/models/test_power_ocean_invariants.h"
#include "sim/models/test_power_stream_invariants.h"
#include "sim/models/test_smart_home_panel_invariants.h"
#include "sim/test_invariants.h"

namespace gridloom::sim {

// The identities that the family's file declares.
[[nodiscard]] inline Invariants declared_invariants(FieldTablePtr table) {
  Invariants made(table);
  const auto slots_of = [&made](const catalog::Formula& formula) {
    std::vector<Slot> slots;
    for (const std::string& name : formula.names) slots.push_back(made.at(name));
    return slots;
  };
  const auto value = [](const catalog::Formula& formula, const std::vector<Slot>& slots,
                        const Observation& seen) {
    std::vector<double> values;
    for (const Slot slot : slots) values.push_back(seen[slot] / slot.wire_per_unit);
    return catalog::evaluate(formula, values);
  };
  for (const catalog::Identity& identity : table->family().identities) {
    made.add(identity.left.text + " = " + identity.right.text,
             [=, left = slots_of(identity.left),
              right = slots_of(identity.right)](const Observation& seen) {
               const double apart =
                   value(identity.left, left, seen) - value(identity.right, right, seen);
               return std::abs(apart) <= identity.within + kTrace;
             });
  }
  return made;
}

[[nodiscard]] inline Invariants invariants_of(const FieldTablePtr& table) {
  using Make = Invariants (*)(FieldTablePtr);
  static constexpr std::array<std::pair<std::string_view, Make>, 5> kMakes = {{
      {"delta_2", delta_2_invariants},
      {"power_kits", power_kits_invariants},
      {"power_ocean", power_ocean_invariants},
      {"power_stream", power_stream_invariants},
      {"smart_home_panel", smart_home_panel_invariants},
  }};
  for (const auto& [id, make] : kMakes) {
    if (id == table->family().id) return make(table);
  }
  return declared_invariants(table);
}

}  // namespace gridloom::sim
