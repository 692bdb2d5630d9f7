// The keys of fields and of what stands inside of them, and what they have in common with the keys
// of parameters. A part of the tables of keys.h, in a file of its own for its length.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <ranges>
#include <string_view>

#include "catalog/family.h"
#include "catalog/keys.h"

namespace gridloom::catalog {

inline constexpr auto kTypes =
    std::to_array<std::string_view>({"int", "float", "string", "bool", "array", "object", "any"});
inline constexpr auto kFormats = std::to_array<std::string_view>({"version", "text"});
inline constexpr auto kSeverityNames = [] {
  std::array<std::string_view, kSeverities.size()> names;
  std::ranges::transform(kSeverities, names.begin(),
                         [](Severity severity) { return name_of(severity); });
  return names;
}();
inline constexpr auto kNatureNames = [] {
  std::array<std::string_view, kNatures.size()> names;
  for (std::size_t k = 0; k < names.size(); ++k) names[k] = kNatures[k].name;
  return names;
}();

inline constexpr std::string_view kSourceWords =
    "Where this fact stands: document and line as \"002:1004\", real (seen on real devices) or "
    "ours";

inline constexpr std::string_view kTitleWords =
    "Short name to show, of at most 30 characters; the description if that is as short";

inline constexpr std::string_view kScaleWords =
    "Value on the wire times scale is the value in the unit; 1 by default";

inline constexpr std::string_view kElementWords = "What each element of an array is";

inline constexpr std::string_view kMemberWords = "What each member of an object is, by its name";

inline constexpr auto kFieldKeys = std::to_array<Key>({
    {.name = "type",
     .form = Form::kChoice,
     .description = "Type of the value on the wire",
     .required = true,
     .choices = kTypes,
     .inherited = true},
    {.name = "unit", .description = "Unit of value times scale"},
    {.name = "scale", .form = Form::kNumber, .description = kScaleWords},
    {.name = "title", .description = kTitleWords},
    {.name = "description", .description = "What the field says", .required = true},
    {.name = "nature",
     .form = Form::kChoice,
     .description = "Quantity for energy sums and history",
     .choices = kNatureNames},
    {.name = "sign", .description = "What a positive value means, where both signs occur"},
    {.name = "invert",
     .form = Form::kFlag,
     .description = "The sign is opposite to that of the nature"},
    {.name = "part",
     .form = Form::kFlag,
     .description = "One of the fields whose sum is the power of its nature"},
    {.name = "when",
     .form = Form::kObject,
     .description =
         "The nature holds while another field has this value, or one of a list, and is 0 "
         "at any other time: {mode: 1}"},
    {.name = "essential",
     .form = Form::kFlag,
     .description = "One of the few fields that people look at first"},
    {.name = "format",
     .form = Form::kChoice,
     .description = "How the value is read: version is an int with a byte for each part "
                    "(16908335 is 1.2.0.47), text an array of character codes",
     .choices = kFormats},
    {.name = "range", .form = Form::kRange, .description = "Least and greatest value on the wire"},
    {.name = "values",
     .form = Form::kNamedValues,
     .description = "All values that the field has, and their names: {0: idle, 1: charging}"},
    {.name = "others",
     .form = Form::kFlag,
     .description = "The field has other values too, which no document names"},
    {.name = "bits",
     .form = Form::kNamedValues,
     .description = "Of a bit mask, the number of each bit and its name: {0: too hot}"},
    {.name = "absent",
     .form = Form::kAny,
     .description = "The value that says that there is no value"},
    {.name = "never",
     .form = Form::kNumber,
     .description = "The number that stands for never in a time"},
    {.name = "signed_bits",
     .form = Form::kWhole,
     .description =
         "Devices may send a negative number as one without a sign, of 8, 16 or 32 bits: "
         "65522 is -14"},
    {.name = "error",
     .form = Form::kFlag,
     .description = "An error or a warning: any value but those of ok"},
    {.name = "ok",
     .form = Form::kList,
     .description = "With error: the values that are no error; 0 or \"\" by default"},
    {.name = "severity",
     .form = Form::kChoice,
     .description = "With error: what such a value is; a fault by default",
     .choices = kSeverityNames},
    {.name = "of",
     .form = Form::kEntry,
     .description = kElementWords,
     .section = SectionId::kMember},
    {.name = "fields",
     .form = Form::kEntries,
     .description = kMemberWords,
     .section = SectionId::kMember},
    {.name = "one_as_object",
     .form = Form::kFlag,
     .description = "Of an array of objects: a report has an only element in place of the array; "
                    "what is read is always an array"},
    {.name = "initial",
     .form = Form::kAny,
     .description = "Value that a virtual device starts with; by default what is absent, or else "
                    "the type's zero"},
    {.name = "signal",
     .form = Form::kEntry,
     .description = "How a virtual device's value moves by itself",
     .section = SectionId::kSignal},
    {.name = "source", .form = Form::kSource, .description = kSourceWords},
});

inline constexpr auto kMemberKeys = std::to_array<Key>({
    {.name = "type",
     .form = Form::kChoice,
     .description = "Type of the value on the wire",
     .required = true,
     .choices = kTypes,
     .inherited = true},
    {.name = "unit", .description = "Unit of value times scale"},
    {.name = "scale", .form = Form::kNumber, .description = kScaleWords},
    {.name = "title", .description = kTitleWords},
    {.name = "description", .description = "What the element or member says"},
    {.name = "nature",
     .form = Form::kChoice,
     .description =
         "The power that the sum over an array's elements is; only a member of them can have it",
     .choices = kNatureNames},
    {.name = "range", .form = Form::kRange, .description = "Least and greatest value on the wire"},
    {.name = "values",
     .form = Form::kNamedValues,
     .description = "All values that it has, and their names: {0: off, 1: on}"},
    {.name = "others",
     .form = Form::kFlag,
     .description = "It has other values too, which no document names"},
    {.name = "bits",
     .form = Form::kNamedValues,
     .description = "Names of the bits of a bit mask: {0: too hot}"},
    {.name = "absent",
     .form = Form::kAny,
     .description = "The value that says that there is no value"},
    {.name = "of",
     .form = Form::kEntry,
     .description = kElementWords,
     .section = SectionId::kMember},
    {.name = "fields",
     .form = Form::kEntries,
     .description = kMemberWords,
     .section = SectionId::kMember},
});

}  // namespace gridloom::catalog
