// The columns in which the terminal shows energies: of devices, as GET /api/v1/devices/SN/energy
// names them, and of a home, as GET /api/v1/home/energy does. Pure.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/process/language.h"
#include "wire/json.h"

namespace gridloom::app {

// One column, which is the sum of its members of an answer.
struct EnergyColumn {
  Phrase title;
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

// Energies as they are shown.
struct ShownEnergies {
  std::string owner{};        // of a home, where several accounts have one on this server
  wire::JsonObject answer{};  // of the server
  std::span<const EnergyColumn> columns{};
};
[[nodiscard]] std::vector<wire::JsonObject> buckets_of(const wire::JsonObject& answer);
[[nodiscard]] wire::JsonObject total_of(const wire::JsonObject& answer);
// The columns of which one of these knows something. They are of devices, or of homes.
[[nodiscard]] std::vector<EnergyColumn> known_columns(std::span<const ShownEnergies> all);
// One table for a spreadsheet: kWh, and nothing where nothing is known.
[[nodiscard]] std::string energies_csv(std::span<const ShownEnergies> all);

// "1.26", "123.4", "12345", in German "1,26"; "-": not known.
[[nodiscard]] std::string energy_cell(const std::optional<double>& kwh);

}  // namespace gridloom::app
