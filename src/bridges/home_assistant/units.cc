#include "bridges/home_assistant/units.h"

#include <algorithm>
#include <array>

namespace gridloom::bridges::home_assistant {
namespace {

constexpr std::array kRows = std::to_array<UnitRow>({
    {.unit = "W", .device_class = "power", .name = "W"},
    {.unit = "kW", .device_class = "power", .name = "kW"},
    {.unit = "VA", .device_class = "apparent_power", .name = "VA"},
    {.unit = "var", .device_class = "reactive_power", .name = "var"},
    {.unit = "V", .device_class = "voltage", .name = "V"},
    {.unit = "mV", .device_class = "voltage", .name = "mV"},
    {.unit = "A", .device_class = "current", .name = "A"},
    {.unit = "mA", .device_class = "current", .name = "mA"},
    {.unit = "Hz", .device_class = "frequency", .name = "Hz"},
    {.unit = "°C", .device_class = "temperature", .name = "°C"},
    {.unit = "°F", .device_class = "temperature", .name = "°F"},
    {.unit = "ms", .device_class = "duration", .name = "ms"},
    {.unit = "s", .device_class = "duration", .name = "s"},
    {.unit = "min", .device_class = "duration", .name = "min"},
    {.unit = "h", .device_class = "duration", .name = "h"},
    {.unit = "d", .device_class = "duration", .name = "d"},
    {.unit = "dBm", .device_class = "signal_strength", .name = "dBm"},
    {.unit = "cm", .device_class = "distance", .name = "cm"},
    {.unit = "m", .device_class = "distance", .name = "m"},
    {.unit = "kg", .device_class = "weight", .name = "kg"},
    {.unit = "l/min", .device_class = "volume_flow_rate", .name = "L/min"},
    {.unit = "L/min", .device_class = "volume_flow_rate", .name = "L/min"},
    {.unit = "%", .device_class = "", .name = "%"},
    {.unit = "Wh", .device_class = "", .name = "Wh"},
    {.unit = "kWh", .device_class = "", .name = "kWh"},
    {.unit = "Ah", .device_class = "", .name = "Ah"},
    {.unit = "mAh", .device_class = "", .name = "mAh"},
    {.unit = "rpm", .device_class = "", .name = "rpm"},
    {.unit = "€", .device_class = "", .name = "EUR"},
});

}  // namespace

std::span<const UnitRow> unit_rows() { return kRows; }

UnitRow unit_row(std::string_view unit) {
  const auto found = std::ranges::find(kRows, unit, &UnitRow::unit);
  return found != kRows.end() ? *found : UnitRow{.unit = unit, .device_class = "", .name = unit};
}

}  // namespace gridloom::bridges::home_assistant
