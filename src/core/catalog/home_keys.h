// The keys of a home file. A part of the tables of keys.h, in a file of its own because it is about
// another kind of file.
#pragma once

#include <algorithm>
#include <array>
#include <ranges>
#include <string_view>

#include "catalog/home.h"
#include "catalog/keys.h"
#include "catalog/physics.h"

namespace gridloom::catalog {

// The words of `plug` that are no circuits.
inline constexpr std::string_view kMeterWord = "meter";
inline constexpr std::string_view kFeedInWord = "feed_in";
inline constexpr std::string_view kDcWord = "dc";
inline constexpr std::string_view kOffGridWord = "off_grid";
inline constexpr std::array<std::string_view, 4> kOtherPlugs = {kMeterWord, kFeedInWord, kDcWord,
                                                                kOffGridWord};
inline constexpr auto kPlugs = [] {
  std::array<std::string_view, kOtherPlugs.size() + kHomeCircuits.size()> words;
  std::ranges::copy(kHomeCircuits, std::ranges::copy(kOtherPlugs, words.begin()).out);
  return words;
}();

// The word of `supplies` for every circuit.
inline constexpr std::string_view kAllCircuits = "all";
inline constexpr auto kSupplies = [] {
  std::array<std::string_view, 1 + kHomeCircuits.size()> words;
  words.front() = kAllCircuits;
  std::ranges::copy(kHomeCircuits, words.begin() + 1);
  return words;
}();

inline constexpr std::array<std::string_view, 2> kWithoutSun = {"online", "offline"};

inline constexpr auto kHomeKeys = std::to_array<Key>({
    {.name = "home", .description = "Title of the home", .required = true},
    {.name = "description", .description = "What is special about it"},
    {.name = "include",
     .description = "Id of a home that comes with Gridloom: its sites come first"},
    {.name = "sites",
     .form = Form::kEntries,
     .description =
         "Its places, by ids of your choice: each has one connection to the grid, or none; a site "
         "of the included home gets further devices",
     .required = true,
     .section = SectionId::kSite},
});

inline constexpr auto kSiteKeys = std::to_array<Key>({
    {.name = "latitude",
     .form = Form::kNumber,
     .description = "Degrees north, -66 to 66; 51 by default"},
    {.name = "grid",
     .form = Form::kEntryOrNone,
     .description = "The connection to the grid; none: the site is off the grid",
     .section = SectionId::kSiteGrid},
    {.name = "household",
     .form = Form::kEntry,
     .description = "Who lives there; without it nobody does",
     .section = SectionId::kHousehold},
    {.name = "roofs",
     .form = Form::kEntries,
     .description = "Surfaces with PV modules, by ids of your choice",
     .section = SectionId::kRoof},
    {.name = "devices",
     .form = Form::kItems,
     .description = "The devices that stand there",
     .section = SectionId::kSiteDevice},
});

inline constexpr auto kSiteGridKeys = std::to_array<Key>({
    {.name = "phases", .form = Form::kWhole, .description = "1 to 3; 3 by default"},
});

inline constexpr auto kHouseholdKeys = std::to_array<Key>({
    {.name = "people",
     .form = Form::kWhole,
     .description = "How many live there, 1 to 6",
     .required = true},
    {.name = "kwh",
     .form = Form::kNumber,
     .description =
         "What they use in a year, not in a camper; 1050 and 750 for each of them by default"},
    {.name = "dwelling",
     .form = Form::kChoice,
     .description = "Where they live; a house by default",
     .choices = kDwellings},
});

inline constexpr auto kRoofKeys = std::to_array<Key>({
    {.name = "azimuth",
     .form = Form::kNumber,
     .description = "Where it faces, 0 to 360 degrees: 0 is north, 90 east, 180 south",
     .required = true},
    {.name = "tilt",
     .form = Form::kNumber,
     .description = "0 to 90 degrees: 0 is flat, 90 a wall",
     .required = true},
});

inline constexpr auto kSiteDeviceKeys = std::to_array<Key>({
    {.name = "sn", .description = "Serial number, whose beginning says the family"},
    {.name = "family", .description = "Id of the family; without sn it gets a serial number"},
    {.name = "name", .description = "Name in the device list; the product by default"},
    {.name = "plug",
     .form = Form::kChoice,
     .description = "meter: it measures and regulates the site's connection to the grid; feed_in: "
                    "it feeds the site; a circuit: it draws from a socket there; dc: it draws from "
                    "the DC side of the off-grid device; off_grid: it supplies a site without a "
                    "grid, and is the default there",
     .choices = kPlugs},
    {.name = "supplies",
     .form = Form::kTexts,
     .description = "Circuits of the household that hang on this device; [all] for every one",
     .choices = kSupplies},
    {.name = "place",
     .form = Form::kChoice,
     .description = "Where it stands, if not where its family usually does",
     .choices = kPlaces},
    {.name = "carried",
     .form = Form::kNumber,
     .description = "Share of the days, 0 to 1, on which people carry it along for some hours, "
                    "away from its plug; 0 by default"},
    {.name = "panels",
     .form = Form::kTexts,
     .description = "The roof of the modules at each of its PV inputs; those beyond the list have "
                    "none. Without the key, the family's usual modules"},
    {.name = "packs",
     .form = Form::kItemsOrSize,
     .description = "Extra batteries that are plugged in: how many, or a list that says of each "
                    "what is special; none by default",
     .section = SectionId::kPack},
    {.name = "meter",
     .description = "Address of a meter, http://ADDR:PORT/v1/json, that it reads each second and "
                    "whose power it regulates to zero, as real devices do with an EcoTracker"},
    {.name = "without_sun",
     .form = Form::kChoice,
     .description = "Of a device that its modules alone feed: offline, or online as by default",
     .choices = kWithoutSun},
    {.name = "initial",
     .form = Form::kObject,
     .description = "Fields and the values that it starts with"},
    {.name = "habits",
     .form = Form::kItems,
     .description = "What people do with it",
     .section = SectionId::kHabit},
});

inline constexpr auto kPackKeys = std::to_array<Key>({
    {.name = "sn", .description = "Its serial number; one of its own by default"},
    {.name = "capacity_wh",
     .form = Form::kNumber,
     .description =
         "Energy that it stores when new, 100 to 20000; as the family has it by default"},
    {.name = "charge",
     .form = Form::kNumber,
     .description = "Its charge at the start in %, 0 to 100; that of the device by default"},
    {.name = "cycles",
     .form = Form::kNumber,
     .description = "Full cycles that have aged it before the start, 0 to 10000; 0 by default"},
});

inline constexpr auto kHabitKeys = std::to_array<Key>({
    {.name = "when",
     .description = "A formula that is above 0 when they do it: over home and awake (someone is "
                    "there: 1 or 0), air and outdoor (°C) and hour",
     .required = true},
    {.name = "sets",
     .form = Form::kList,
     .description = "The sets that they send, as an app does",
     .required = true},
});

}  // namespace gridloom::catalog
