// A home as evcc's custom meters read it: GET /api/v1/evcc. Pure.
//
// The signs are evcc's: a battery that discharges is positive, everywhere else in Gridloom it is
// negative. A value that is not known, known in part only, or too old is left out, and never 0.
#pragma once

#include <optional>
#include <vector>

#include "home/battery_modes.h"
#include "home/energy_counters.h"
#include "home/home_state.h"
#include "overview/home_picture.h"
#include "own_api/bodies/evcc.h"

namespace gridloom::api {

// `totals` may be null: energies are not known. The body has views of all arguments.
[[nodiscard]] body::Evcc evcc_of(const home::HomeState& state, const overview::HomePicture& picture,
                                 const home::EnergyTotals* totals,
                                 const std::optional<home::BatteryModes::Leases>& modes);
// Views of the leases.
[[nodiscard]] std::vector<body::BatteryModeState> modes_of(
    const home::BatteryModes::Leases& leases);

}  // namespace gridloom::api
