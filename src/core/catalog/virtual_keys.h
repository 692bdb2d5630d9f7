// The keys of a family's virtual devices, of their faults, and of its groups of fields. A part of
// the tables of keys.h, in a file of its own for its length.
#pragma once

#include <array>

#include "catalog/family.h"
#include "catalog/keys.h"
#include "catalog/physics.h"

namespace gridloom::catalog {

inline constexpr auto kFaultKeys = std::to_array<Key>({
    {.name = "description", .description = "What is wrong with the device", .required = true},
    {.name = "environment",
     .form = Form::kNumbers,
     .description = "What the device feels while it has the fault",
     .choices = kEnvironmentChanges},
    {.name = "reports",
     .form = Form::kObject,
     .description = "Fields and the values that they have meanwhile"},
    {.name = "freezes",
     .form = Form::kTexts,
     .description = "Fields that keep their values meanwhile"},
});

inline constexpr auto kVirtualKeys = std::to_array<Key>({
    {.name = "devices",
     .form = Form::kItems,
     .description = "For a family of your own: its virtual devices, which join the demo home",
     .section = SectionId::kDevice},
    {.name = "in_home",
     .form = Form::kFlag,
     .description = "false: the demo home has these devices with --demo=all only"},
    {.name = "modules",
     .form = Form::kTextLists,
     .description = "Group: the serial numbers that its * takes"},
    {.name = "modules_of",
     .description = "Serial number of the device that has these modules, while every other one has "
                    "modules of its own; the first of devices by default"},
});

inline constexpr auto kDeviceKeys = std::to_array<Key>({
    {.name = "sn", .description = "Serial number", .required = true},
    {.name = "name", .description = "Name in the device list", .required = true},
    {.name = "initial",
     .form = Form::kObject,
     .description = "Fields and the values that this device starts with"},
    {.name = "place",
     .form = Form::kChoice,
     .description = "Where this device stands, if not where its family usually does",
     .choices = kPlaces},
    {.name = "circuits",
     .form = Form::kTexts,
     .description = "Circuits of the home that this device supplies",
     .choices = kHomeCircuits},
});

inline constexpr auto kGroupKeys = std::to_array<Key>({
    {.name = "title",
     .description = "Short name to show, of at most 30 characters",
     .required = true},
    {.name = "fields",
     .form = Form::kTexts,
     .description = "Names of its fields, or how they begin, up to a dot; by default those that "
                    "begin with the group's name and a dot"},
});

}  // namespace gridloom::catalog
