// The keys of what moves by itself: a field's signal, and the parts of physics. A part of the
// tables of keys.h, in a file of its own for its length.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "catalog/keys.h"
#include "catalog/physics.h"

namespace gridloom::catalog {

inline constexpr auto kSignalShapes = std::to_array<std::string_view>(
    {"ramp", "sine", "random_walk", "clock", "count", "time", "moment", "air"});

inline constexpr auto kSignalKeys = std::to_array<Key>({
    {.name = "shape",
     .form = Form::kChoice,
     .description =
         "ramp: from low to high, and again; sine: between them; random_walk: any way, "
         "within them; clock: the time in UTC, as 2025-06-18 10:00:00; count: one more now and "
         "then, or each time that `when` comes true; time: how long `when` was true, in s, min or "
         "h; "
         "moment: when the count `of` rose last, in seconds since 1970; air: "
         "the temperature around the device",
     .choices = kSignalShapes},
    {.name = "range",
     .form = Form::kRange,
     .description = "Least and greatest value of the shape, in the field's unit"},
    {.name = "period_s",
     .form = Form::kNumber,
     .description = "Seconds from one low of a ramp or sine to the next, or, on average, from one "
                    "event of a count to the next"},
    {.name = "phase_s",
     .form = Form::kNumber,
     .description = "Seconds after the site's midnight at which a ramp begins, or a sine rises "
                    "through its mean"},
    {.name = "step",
     .form = Form::kNumber,
     .description = "Usual change of a random walk in a minute, in the field's unit"},
    {.name = "when", .description = "Formula of other fields, true above 0, of a count or a time"},
    {.name = "of", .description = "Field with a count by chance, of a moment"},
    {.name = "formula",
     .form = Form::kTextOrTexts,
     .description = "Value from other fields, in their units: + - * / ( ) min(a, b) max(a, b); of "
                    "an array a list, a formula for each element"},
});

template <std::size_t n>
constexpr std::array<std::string_view, n> names_of(const std::array<QuantityName, n>& rows) {
  std::array<std::string_view, n> names;
  for (std::size_t k = 0; k < n; ++k) names[k] = rows[k].name;
  return names;
}
inline constexpr auto kBatteryFeeds = names_of(kBatteryQuantities);
inline constexpr auto kAllBatteriesFeeds = names_of(kAllBatteriesQuantities);
inline constexpr auto kPowerFeeds = names_of(kPowerQuantities);
inline constexpr auto kGridFeeds = names_of(kGridQuantities);
inline constexpr auto kBatteryLimits = std::to_array<std::string_view>({"max", "min", "reserve"});
inline constexpr auto kHeatPumpFeeds = names_of(kHeatPumpQuantities);
inline constexpr auto kChargerLimits = std::to_array<std::string_view>({"power"});

inline constexpr std::string_view kFeedsWords =
    "What the part shows: the quantity, and the field or fields that have it";
inline constexpr std::string_view kSwitchWords =
    "Field, or formula of fields, that switches the part: it is off while that is 0 or false";

inline constexpr auto kBatteryKeys = std::to_array<Key>({
    {.name = "capacity_wh",
     .form = Form::kNumber,
     .description = "Energy that it stores when new, at 3.2 V a cell"},
    {.name = "charge_w", .form = Form::kNumber, .description = "Greatest charging power"},
    {.name = "discharge_w", .form = Form::kNumber, .description = "Greatest discharging power"},
    {.name = "efficiency",
     .form = Form::kNumber,
     .description = "Fraction that its converter passes on, each way; 1 by default"},
    {.name = "cells", .form = Form::kNumber, .description = "Cells in series; 16 by default"},
    {.name = "resistance_ohm",
     .form = Form::kNumber,
     .description = "Inner resistance; by default that of usual cells of this capacity"},
    {.name = "taper_percent",
     .form = Form::kNumber,
     .description = "State of charge from which it charges slower; 90 by default"},
    {.name = "taper_share",
     .form = Form::kNumber,
     .description = "Fraction of the charging power that is left when it is full; 0.2 by default"},
    {.name = "initial_percent",
     .form = Form::kNumber,
     .description = "State of charge at the start, where the field fed with soc has no initial "
                    "value; 50 by default"},
    {.name = "reserve_percent",
     .form = Form::kNumber,
     .description = "State of charge at which it stops discharging; 5 by default"},
    {.name = "idle_w",
     .form = Form::kNumber,
     .description = "Power that the device itself always needs; 0 by default"},
    {.name = "count",
     .description = "Field, or formula of fields, that says at the start how many such batteries "
                    "there are; 1 by default"},
    {.name = "pack",
     .form = Form::kNumber,
     .description = "Its number, from 1, if it is an extra battery: it is there while the device "
                    "has so many"},
    {.name = "serial_prefix",
     .description = "How the serial numbers of such extra batteries begin: four characters"},
    {.name = "shows",
     .form = Form::kTexts,
     .description =
         "Fields, or how their names begin, up to a dot, that are there while this extra "
         "battery is"},
    {.name = "switch", .description = kSwitchWords},
    {.name = "limits",
     .form = Form::kChosenTexts,
     .description =
         "Fields in % that say how far it charges (max) and discharges (min), and how far "
         "it discharges while there is a grid (reserve)",
     .choices = kBatteryLimits},
    {.name = "feeds",
     .form = Form::kChosenTexts,
     .description = kFeedsWords,
     .choices = kBatteryFeeds},
});

inline constexpr auto kAllBatteriesKeys = std::to_array<Key>({
    {.name = "feeds",
     .form = Form::kChosenTexts,
     .description = kFeedsWords,
     .required = true,
     .choices = kAllBatteriesFeeds},
});

inline constexpr auto kPvInputKeys = std::to_array<Key>({
    {.name = "rated_w",
     .form = Form::kNumber,
     .description = "Power of its modules in the best sun"},
    {.name = "efficiency",
     .form = Form::kNumber,
     .description = "Fraction that its converter passes on; 1 by default"},
    {.name = "switch", .description = kSwitchWords},
    {.name = "feeds",
     .form = Form::kChosenTexts,
     .description = kFeedsWords,
     .choices = kPowerFeeds},
});

inline constexpr auto kInverterKeys = std::to_array<Key>({
    {.name = "rated_w", .form = Form::kNumber, .description = "Greatest power on its AC side"},
    {.name = "efficiency",
     .form = Form::kNumber,
     .description = "Fraction that it passes on; 1 by default"},
    {.name = "idle_w",
     .form = Form::kNumber,
     .description = "Power that it needs while it is on; 0 by default"},
    {.name = "switch", .description = kSwitchWords},
    {.name = "awake",
     .description =
         "Field, or formula of fields: the device, which its modules feed, runs while it "
         "is above 0"},
    {.name = "feeds",
     .form = Form::kChosenTexts,
     .description = kFeedsWords,
     .choices = kPowerFeeds},
});

inline constexpr auto kChargerKeys = std::to_array<Key>({
    {.name = "rated_w",
     .form = Form::kNumber,
     .description = "Greatest power that it takes from the grid"},
    {.name = "efficiency",
     .form = Form::kNumber,
     .description = "Fraction that it passes on; 1 by default"},
    {.name = "switch", .description = kSwitchWords},
    {.name = "limits",
     .form = Form::kChosenTexts,
     .description = "Field in W that says how much it takes at most (power)",
     .choices = kChargerLimits},
    {.name = "feeds",
     .form = Form::kChosenTexts,
     .description = kFeedsWords,
     .choices = kPowerFeeds},
});

inline constexpr auto kGridKeys = std::to_array<Key>({
    {.name = "import_w",
     .form = Form::kNumber,
     .description = "Greatest power from the grid; 100000 by default"},
    {.name = "export_w",
     .form = Form::kNumber,
     .description = "Greatest power into the grid; 0 by default"},
    {.name = "meter_error_w",
     .form = Form::kNumber,
     .description =
         "Error of the meter by which the batteries keep the grid at zero; 0 by default"},
    {.name = "share",
     .description = "Field, or formula of fields: the fraction of import_w that it may take; 1 by "
                    "default"},
    {.name = "holds",
     .description = "Field, or formula of fields: while it is not 0, the grid supplies the loads "
                    "and the batteries give nothing, unless there is no grid"},
    {.name = "feeds",
     .form = Form::kChosenTexts,
     .description = kFeedsWords,
     .choices = kGridFeeds},
});

inline constexpr auto kLoadKeys = std::to_array<Key>({
    {.name = "power_w", .form = Form::kNumber, .description = "Power that it draws"},
    {.name = "household_share",
     .form = Form::kNumber,
     .description = "Fraction of the home's power that it draws, beside power_w"},
    {.name = "circuits",
     .form = Form::kTexts,
     .description = "Circuits of the home that household_share is a part of; all by default",
     .choices = kHomeCircuits},
    {.name = "port",
     .form = Form::kChoice,
     .description = "Port that people plug things into: power_w is what usually hangs there",
     .choices = kPorts},
    {.name = "dc",
     .form = Form::kFlag,
     .description = "It is connected on the battery's side of the inverter"},
    {.name = "switch", .description = kSwitchWords},
    {.name = "limits",
     .form = Form::kChosenTexts,
     .description = "Field in W: a load that draws more switches itself off (power)",
     .choices = kChargerLimits},
    {.name = "tripped",
     .description = "Field that is 1 from then on, until the load is switched on again"},
    {.name = "feeds",
     .form = Form::kChosenTexts,
     .description = kFeedsWords,
     .choices = kPowerFeeds},
});

inline constexpr auto kHeatPumpKeys = std::to_array<Key>({
    {.name = "power_w", .form = Form::kNumber, .description = "Greatest power of its compressor"},
    {.name = "least_w",
     .form = Form::kNumber,
     .description = "Least power of its compressor while it runs; 0 by default"},
    {.name = "fan_w",
     .form = Form::kNumber,
     .description = "Power that it needs while it is on; 0 by default"},
    {.name = "cop",
     .form = Form::kNumber,
     .description = "Heat moved for each unit of the compressor's energy; 3 by default"},
    {.name = "capacity_wh_per_k",
     .form = Form::kNumber,
     .description = "Heat that changes the temperature of what it cools or heats by 1 K"},
    {.name = "loss_w_per_k",
     .form = Form::kNumber,
     .description = "Heat that comes in for each K below the air around it"},
    {.name = "open_w_per_k",
     .form = Form::kNumber,
     .description = "The same while its door is open; 0 by default"},
    {.name = "opens_per_day",
     .form = Form::kNumber,
     .description = "How often its door is opened, by day; 0 by default"},
    {.name = "initial_c",
     .form = Form::kNumber,
     .description = "Temperature at the start; that of the air by default"},
    {.name = "dc",
     .form = Form::kFlag,
     .description = "It is connected on the battery's side of the inverter"},
    {.name = "switch", .description = kSwitchWords},
    {.name = "target",
     .description = "Field, or formula of fields, with the temperature that it keeps, in °C",
     .required = true},
    {.name = "heats",
     .description = "Field, or formula of fields, that is not 0 while it heats instead of cooling"},
    {.name = "share",
     .description =
         "Field, or formula of fields, with the fraction of its power that it may use: 0 "
         "to 1; 1 by default"},
    {.name = "feeds",
     .form = Form::kChosenTexts,
     .description = kFeedsWords,
     .choices = kHeatPumpFeeds},
});

inline constexpr auto kPhysicsKeys = std::to_array<Key>({
    {.name = "place",
     .form = Form::kChoice,
     .description = "Where the device usually stands, which determines the temperature around it: "
                    "indoor by default",
     .choices = kPlaces},
    {.name = "batteries",
     .form = Form::kEntries,
     .description = "Batteries, by names of your choice",
     .section = SectionId::kBattery},
    {.name = "all_batteries",
     .form = Form::kEntry,
     .description = "What fields show of all batteries together, the extra ones included",
     .section = SectionId::kAllBatteries},
    {.name = "pv_inputs",
     .form = Form::kEntries,
     .description = "PV inputs, by names of your choice",
     .section = SectionId::kPvInput},
    {.name = "inverter",
     .form = Form::kEntry,
     .description = "Between batteries and PV inputs on one side, loads and grid on the other; "
                    "without it the sides are one",
     .section = SectionId::kInverter},
    {.name = "charger",
     .form = Form::kEntry,
     .description = "Charges the batteries from the grid",
     .section = SectionId::kCharger},
    {.name = "grid",
     .form = Form::kEntry,
     .description = "Connection to the grid",
     .section = SectionId::kGrid},
    {.name = "loads",
     .form = Form::kEntries,
     .description = "What draws power from the device, by names of your choice",
     .section = SectionId::kLoad},
    {.name = "heat_pumps",
     .form = Form::kEntries,
     .description = "What keeps a room or a box at a temperature, by names of your choice",
     .section = SectionId::kHeatPump},
    {.name = "model",
     .form = Form::kNumberMap,
     .description = "Further numbers of a family that has a model of its own in C++"},
});

}  // namespace gridloom::catalog
