// The Smart Home Panel's settings, read once for many steps.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sim/fields.h"
#include "sim/models/panel_energy.h"
#include "sim/models/panel_slots.h"
#include "sim/models/panel_tasks.h"
#include "wire/json.h"

namespace gridloom::sim::panel {

struct Settings {
  // The last set of a channel, and whether it still holds.
  struct Hand {
    bool holds = false;
    Source source = Source::kGrid;

    [[nodiscard]] bool has(Source wanted) const { return holds && source == wanted; }
  };
  struct Circuit {
    Hand hand;
    bool in_use = true;
    std::int64_t priority = 0;
    bool rescued = false;  // supplied in an outage if not all are
  };
  std::array<Circuit, kLoads> circuits;
  std::array<Hand, kPacks> packs;
  std::array<double, kLoads + kPacks> limit_w{};  // power limit from a channel's current limit
  double floor_soc = 0;
  double full_soc = 100;
  bool rescues_chosen = false;  // an outage supplies only circuits with `rescued`
  bool sheds_one_by_one = false;
  bool eps = false;
  wire::Json tasks;  // timeTask
};

[[nodiscard]] Settings read_settings(const Fields& fields, const Slots& slots);

}  // namespace gridloom::sim::panel
