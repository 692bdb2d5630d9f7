// The parts of a device as its file declares them: batteries, PV inputs, an inverter, a charger, a
// grid connection and loads, each with its numbers and the fields that show what it does. A family
// without a model in C++ runs by them (sim/physics_model.cc); any other reads its numbers here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/formula.h"

namespace gridloom::catalog {

// How the value of a field moves by itself in a virtual device, when nothing else computes it.
// All values are in the field's unit.
struct Signal {
  // kClock: the time in UTC, as "2025-06-18 10:00:00", of a string. kCount: how often the formula
  // came to be above 0, or, without one, how often something happened by chance. kTime: how long
  // the formula was above 0. kMoment: when the event that a field counts happened last, in seconds
  // since 1970; the formula is that field. kAir: the temperature around the device.
  enum class Shape : std::uint8_t {
    kRamp,
    kSine,
    kRandomWalk,
    kClock,
    kCount,
    kTime,
    kMoment,
    kAir,
    kFormula
  };
  Shape shape = Shape::kRamp;
  double low = 0;  // this and `high`: of a ramp, a sine and a random walk
  double high = 0;
  double period_s = 0;  // of a ramp and a sine; of a count by chance: between events, on average
  double phase_s = 0;   // from the site's midnight to the ramp's low, or to the sine's mean
  double step = 0;      // of a random walk: standard deviation of its change in a minute
  Formula formula;
};

// The seconds of a unit that a Shape::kTime can have; 0 for any other one.
[[nodiscard]] constexpr double seconds_of_unit(std::string_view unit) {
  return unit == "s" ? 1 : unit == "min" ? 60 : unit == "h" ? 3600 : 0;
}

inline constexpr double kMaxPower_w = 100'000;  // of any part

// kModel: numbers that only the family's model in C++ knows.
// kAllBatteries: what fields show of all batteries together.
enum class PartKind : std::uint8_t {
  kBattery,
  kAllBatteries,
  kPvInput,
  kInverter,
  kCharger,
  kGrid,
  kLoad,
  kHeatPump,
  kModel
};

// A quantity that a part can show in a field. Powers are positive, unless the row below says
// otherwise.
enum class Quantity : std::uint8_t {
  kSoc,
  kPower,  // + charges a battery; + takes from the grid
  kChargePower,
  kDischargePower,
  kImportPower,
  kExportPower,
  kSystemPower,  // of the site, where the device measures that; 0 in a further unit of a system
  kEnergy,       // this and the next two count since the device was new
  kEnergyIn,
  kEnergyOut,
  kVoltage,
  kCurrent,  // + charges
  kFrequency,
  kTemperature,
  kCellVoltages,  // this and kCellTemperatures in an array, one element each
  kLeastCellVoltage,
  kGreatestCellVoltage,
  kCellTemperatures,
  kLeastCellTemperature,
  kGreatestCellTemperature,
  kCycles,
  kTimeToFull,
  kTimeToEmpty,
  kState,      // a field whose values are named idle, charging and discharging
  kConnected,  // whether there is a grid
  kRunning,    // whether a compressor runs
  kOpen,       // whether a door is open
  kDesignCapacity,
  kFullCapacity,
  kRemainingCapacity,
  kCapacityEnergy,  // of all batteries: what they store when full
  kPresent,         // whether an extra battery is plugged in
  kSerialNumber,    // of an extra battery, in a text; empty while it is not plugged in
  kBatteries        // how many there are, with the extra ones that are plugged in
};

struct QuantityName {
  std::string_view name;  // in `feeds`
  Quantity quantity = Quantity::kPower;
  std::string_view unit;  // that the field must have
};

inline constexpr auto kBatteryQuantities = std::to_array<QuantityName>(
    {{"soc", Quantity::kSoc, "%"},
     {"power", Quantity::kPower, "W"},
     {"charge_power", Quantity::kChargePower, "W"},
     {"discharge_power", Quantity::kDischargePower, "W"},
     {"energy_in", Quantity::kEnergyIn, "Wh"},
     {"energy_out", Quantity::kEnergyOut, "Wh"},
     {"voltage", Quantity::kVoltage, "V"},
     {"current", Quantity::kCurrent, "A"},
     {"temperature", Quantity::kTemperature, "°C"},
     {"cell_voltages", Quantity::kCellVoltages, "V"},
     {"least_cell_voltage", Quantity::kLeastCellVoltage, "V"},
     {"greatest_cell_voltage", Quantity::kGreatestCellVoltage, "V"},
     {"cell_temperatures", Quantity::kCellTemperatures, "°C"},
     {"least_cell_temperature", Quantity::kLeastCellTemperature, "°C"},
     {"greatest_cell_temperature", Quantity::kGreatestCellTemperature, "°C"},
     {"cycles", Quantity::kCycles, ""},
     {"time_to_full", Quantity::kTimeToFull, "min"},
     {"time_to_empty", Quantity::kTimeToEmpty, "min"},
     {"state", Quantity::kState, ""},
     {"design_capacity", Quantity::kDesignCapacity, "mAh"},
     {"full_capacity", Quantity::kFullCapacity, "mAh"},
     {"remaining_capacity", Quantity::kRemainingCapacity, "mAh"},
     {"present", Quantity::kPresent, ""},
     {"serial_number", Quantity::kSerialNumber, ""}});
inline constexpr auto kAllBatteriesQuantities =
    std::to_array<QuantityName>({{"soc", Quantity::kSoc, "%"},
                                 {"power", Quantity::kPower, "W"},
                                 {"charge_power", Quantity::kChargePower, "W"},
                                 {"discharge_power", Quantity::kDischargePower, "W"},
                                 {"current", Quantity::kCurrent, "A"},
                                 {"capacity", Quantity::kCapacityEnergy, "Wh"},
                                 {"time_to_full", Quantity::kTimeToFull, "min"},
                                 {"time_to_empty", Quantity::kTimeToEmpty, "min"},
                                 {"state", Quantity::kState, ""},
                                 {"batteries", Quantity::kBatteries, ""}});
// For PV inputs, inverters, chargers and loads.
inline constexpr auto kPowerQuantities = std::to_array<QuantityName>(
    {{"power", Quantity::kPower, "W"}, {"energy", Quantity::kEnergy, "Wh"}});
inline constexpr auto kGridQuantities =
    std::to_array<QuantityName>({{"power", Quantity::kPower, "W"},
                                 {"import_power", Quantity::kImportPower, "W"},
                                 {"export_power", Quantity::kExportPower, "W"},
                                 {"system_power", Quantity::kSystemPower, "W"},
                                 {"energy_in", Quantity::kEnergyIn, "Wh"},
                                 {"energy_out", Quantity::kEnergyOut, "Wh"},
                                 {"voltage", Quantity::kVoltage, "V"},
                                 {"frequency", Quantity::kFrequency, "Hz"},
                                 {"connected", Quantity::kConnected, ""}});

inline constexpr auto kHeatPumpQuantities =
    std::to_array<QuantityName>({{"power", Quantity::kPower, "W"},
                                 {"energy", Quantity::kEnergy, "Wh"},
                                 {"temperature", Quantity::kTemperature, "°C"},
                                 {"running", Quantity::kRunning, ""},
                                 {"open", Quantity::kOpen, ""}});

// The name of a quantity in `feeds`.
[[nodiscard]] constexpr std::string_view quantity_name(Quantity quantity) {
  for (const QuantityName& row : kBatteryQuantities) {
    if (row.quantity == quantity) return row.name;
  }
  for (const QuantityName& row : kAllBatteriesQuantities) {
    if (row.quantity == quantity) return row.name;
  }
  for (const QuantityName& row : kGridQuantities) {
    if (row.quantity == quantity) return row.name;
  }
  for (const QuantityName& row : kHeatPumpQuantities) {
    if (row.quantity == quantity) return row.name;
  }
  return kPowerQuantities.back().name;
}

// The names that the values of a field fed with Quantity::kState have.
inline constexpr std::array<std::string_view, 3> kBatteryStates = {"idle", "charging",
                                                                   "discharging"};

// Where a device stands, which determines the temperature around it.
enum class Place : std::uint8_t { kIndoor, kOutdoor, kGarage, kCamper };
inline constexpr std::array<std::string_view, 4> kPlaces = {"indoor", "outdoor", "garage",
                                                            "camper"};

[[nodiscard]] constexpr std::optional<Place> place_of(std::string_view name) {
  for (std::size_t k = 0; k < kPlaces.size(); ++k) {
    if (kPlaces[k] == name) return static_cast<Place>(k);
  }
  return std::nullopt;
}

// The circuits of a home, on which a virtual device may be.
inline constexpr std::array<std::string_view, 14> kHomeCircuits = {
    "refrigerator", "kitchen",  "cooker", "dishwasher", "utility", "living", "office",
    "lights",       "bedrooms", "bath",   "heating",    "garage",  "garden", "guest"};

// The ports of low voltage that people plug something into; the second one of a kind is used less.
inline constexpr std::array<std::string_view, 7> kPorts = {
    "car", "usb", "fast_usb", "type_c", "usb_2", "fast_usb_2", "type_c_2"};

struct PhysicsPart {
  struct Feed {
    Quantity quantity = Quantity::kPower;
    std::string field;  // Field::name
  };

  PartKind kind = PartKind::kModel;
  std::string path;  // below `physics`: "batteries.main", "inverter", "model"
  std::map<std::string, double, std::less<>> numbers;  // as in the file: "charge_w" and 600
  // Formulas of fields, by key: "switch", "count", "target". The part is off while `switch` is 0.
  std::map<std::string, Formula, std::less<>> formulas;
  bool dc = false;                  // a load on the battery's side of the inverter
  std::uint32_t circuits = 0;       // of the home, that a load is: one bit each, by kHomeCircuits
  std::optional<std::size_t> port;  // of a load: index in kPorts
  std::string tripped;              // Field::name: whether a load switched itself off
  std::map<std::string, std::string, std::less<>> limits;  // "max" and a Field::name
  std::vector<Feed> feeds;
  // The fields of an extra battery, whose number from 1 is numbers["pack"]:
  std::string serial_prefix;       // begins the serial numbers of such batteries
  std::vector<std::string> shows;  // fields, or "group."-prefixes, that are there with it only

  [[nodiscard]] std::optional<double> number(std::string_view name) const {
    const auto found = numbers.find(name);
    return found == numbers.end() ? std::nullopt : std::optional(found->second);
  }
};

}  // namespace gridloom::catalog
