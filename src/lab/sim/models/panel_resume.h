// A Smart Home Panel's state as its last report shows it.
#pragma once

#include <array>
#include <string>

#include "sim/fields.h"
#include "sim/model.h"
#include "sim/models/panel_clock.h"
#include "sim/models/panel_energy.h"
#include "sim/models/panel_slots.h"
#include "sim/models/panel_tasks.h"

namespace gridloom::sim::panel {

inline constexpr double kHealth = 0.98;  // of the packs' nominal capacity, left at the start

// The packs after the time off.
[[nodiscard]] std::array<Pack, kPacks> last_packs(const Fields& fields, const Slots& slots,
                                                  const Environment& environment,
                                                  const TimeOff& off);

// Whether the last report's counters of the day are those of today.
[[nodiscard]] bool counted_on(const Stamp& today, const Fields& fields, const Slots& slots);

// The day as the reports of its counters show it: 2025-1-31.
[[nodiscard]] std::string day_of(const Stamp& today);

}  // namespace gridloom::sim::panel
