// The keys of what expand.h writes out: defaults, templates and their uses. A part of the tables of
// keys.h, in a file of its own for its length.
#pragma once

#include <array>

#include "catalog/keys.h"

namespace gridloom::catalog {

inline constexpr auto kDefaultsKeys = std::to_array<Key>({
    {.name = "fields",
     .form = Form::kEntry,
     .description = "What every field has unless it says otherwise",
     .section = SectionId::kField,
     .variant = Variant::kPart},
    {.name = "members",
     .form = Form::kEntry,
     .description = "What every element and member inside a field has unless it says otherwise",
     .section = SectionId::kMember,
     .variant = Variant::kPart},
    {.name = "params",
     .form = Form::kEntry,
     .description = "What every param has, at any depth, unless it says otherwise",
     .section = SectionId::kParam,
     .variant = Variant::kPart},
    {.name = "reports",
     .form = Form::kEntry,
     .description = "What every report has unless it says otherwise",
     .section = SectionId::kReport,
     .variant = Variant::kPart},
    {.name = "commands",
     .form = Form::kEntry,
     .description = "What every command has unless it says otherwise",
     .section = SectionId::kCommand,
     .variant = Variant::kPart},
});

inline constexpr auto kTemplateKeys = std::to_array<Key>({
    {.name = "parameters",
     .form = Form::kTexts,
     .description = "Names of what differs between uses; <name> stands for the value of a use"},
    {.name = "fields",
     .form = Form::kEntries,
     .description = "Fields, by the end of their quota names",
     .required = true,
     .section = SectionId::kField,
     .variant = Variant::kTemplate},
});

inline constexpr auto kUseKeys = std::to_array<Key>({
    {.name = "with", .form = Form::kObject, .description = "Values of the template's parameters"},
    {.name = "sources",
     .form = Form::kSources,
     .description = "Sources of the fields, by their names in the template"},
    {.name = "fields",
     .form = Form::kEntries,
     .description = "Keys that a field has beside those of the template, or instead of them, by "
                    "its name there",
     .section = SectionId::kField,
     .variant = Variant::kPart},
});

}  // namespace gridloom::catalog
