// The identities of all families.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "sim/models/test_delta_2_invariants.h"
#include "sim/models/test_power_kits_invariants.h"
#include "sim/models/test_power_ocean_invariants.h"
#include "sim/models/test_power_stream_invariants.h"
#include "sim/models/test_smart_home_panel_invariants.h"
#include "sim/test_invariants.h"

namespace gridloom::sim {

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
  return Invariants(table);
}

}  // namespace gridloom::sim
