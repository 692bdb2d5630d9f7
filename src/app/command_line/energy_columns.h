// The columns in which the terminal shows energies: of devices, as GET /api/v1/devices/SN/energy
// names them, and of a home, as GET /api/v1/home/energy does. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "wire/json.h"

namespace gridloom::app {

// One column, which is the sum of its members of an answer.
struct EnergyColumn {
  std::string_view title;
  std::array<std::string_view, 2> members;  // "": none
};

inline constexpr auto kDeviceEnergyColumns = std::to_array<EnergyColumn>({
    {"SUN", {"pv", ""}},
    {"BATT IN", {"batteryIn", ""}},
    {"BATT OUT", {"batteryOut", ""}},
    {"GRID IN", {"gridIn", ""}},
    {"GRID OUT", {"gridOut", ""}},
    {"LOAD", {"home", ""}},
    {"EV", {"ev", ""}},
    {"HEAT", {"heater", "heatpump"}},
});
inline constexpr auto kHomeEnergyColumns = std::to_array<EnergyColumn>({
    {"SUN", {"sun_kwh", ""}},
    {"BATT IN", {"batteryIn_kwh", ""}},
    {"BATT OUT", {"batteryOut_kwh", ""}},
    {"GRID IN", {"gridImport_kwh", ""}},
    {"GRID OUT", {"gridExport_kwh", ""}},
    {"HOME", {"home_kwh", ""}},
    {"CAR", {"car_kwh", ""}},
    {"HEAT", {"heat_kwh", ""}},
});

// The sum of the column's members, in kWh. Nothing: the answer has none of them, so it is not
// measured or not known.
[[nodiscard]] std::optional<double> energy_of(const wire::JsonObject& sums,
                                              const EnergyColumn& column);

// "1.26", "123.4", "12345"; "-": not known.
[[nodiscard]] std::string energy_cell(const std::optional<double>& kwh);

}  // namespace gridloom::app
