// The keys of a translation (translation.h): those of a device file that have texts. A part of the
// tables of keys.h, in a file of its own for its length.
#pragma once

#include <array>
#include <string_view>

#include "catalog/keys.h"

namespace gridloom::catalog {

inline constexpr std::string_view kTranslatedTitle =
    "Short name to show, of at most 30 characters; the description if that is as short";

inline constexpr auto kTranslationKeys = std::to_array<Key>({
    {.name = "family",
     .description = "Id of the family; the file's name without .yaml",
     .required = true},
    {.name = "product", .description = "Name of the product, where it differs"},
    {.name = "description", .description = "What kind of device this is"},
    {.name = "defaults",
     .form = Form::kEntry,
     .description = "Texts that entries have unless they say otherwise",
     .section = SectionId::kDefaultTexts},
    {.name = "templates",
     .form = Form::kEntries,
     .description = "Texts of the templates, by their names",
     .section = SectionId::kTemplateTexts},
    {.name = "groups",
     .form = Form::kEntries,
     .description = "What people call the groups of fields, by their names",
     .section = SectionId::kGroupTexts},
    {.name = "fields",
     .form = Form::kFields,
     .description = "Texts of fields, groups and uses of templates, by the keys of the device file",
     .section = SectionId::kFieldTexts},
    {.name = "commands",
     .form = Form::kEntries,
     .description = "Texts of the commands, by their names",
     .section = SectionId::kCommandTexts},
    {.name = "faults",
     .form = Form::kEntries,
     .description = "Texts of the faults, by their names",
     .section = SectionId::kFaultTexts},
});

inline constexpr auto kFieldTextKeys = std::to_array<Key>({
    {.name = "title", .description = kTranslatedTitle},
    {.name = "description", .description = "What the field says"},
    {.name = "sign", .description = "What a positive value means, where both signs occur"},
    {.name = "values",
     .form = Form::kNamedValues,
     .description = "Names of values: {0: aus, 1: ein}"},
    {.name = "bits",
     .form = Form::kNamedValues,
     .description = "Names of the bits of a bit mask: {0: zu warm}"},
    {.name = "of",
     .form = Form::kEntry,
     .description = "Texts of each element of an array",
     .section = SectionId::kFieldTexts},
    {.name = "fields",
     .form = Form::kEntries,
     .description = "Texts of each member of an object, by its name",
     .section = SectionId::kFieldTexts},
});

inline constexpr auto kCommandTextKeys = std::to_array<Key>({
    {.name = "title", .description = kTranslatedTitle},
    {.name = "description", .description = "What the command does"},
    {.name = "defaults",
     .form = Form::kEntry,
     .description = "Texts that every param of this command has unless it says otherwise",
     .section = SectionId::kParamTexts},
    {.name = "params",
     .form = Form::kEntries,
     .description = "Texts of the parameters, by their names",
     .section = SectionId::kParamTexts},
});

inline constexpr auto kParamTextKeys = std::to_array<Key>({
    {.name = "title", .description = kTranslatedTitle},
    {.name = "description", .description = "What the parameter says"},
    {.name = "values",
     .form = Form::kNamedValues,
     .description = "Names of values: {0: aus, 1: ein}"},
    {.name = "of",
     .form = Form::kEntry,
     .description = "Texts of each element of an array",
     .section = SectionId::kParamTexts},
    {.name = "fields",
     .form = Form::kEntries,
     .description = "Texts of each member of an object, by its name",
     .section = SectionId::kParamTexts},
    {.name = "forms",
     .form = Form::kEntries,
     .description = "Texts of each form, by its value",
     .section = SectionId::kParamTexts},
});

inline constexpr auto kFaultTextKeys = std::to_array<Key>({
    {.name = "description", .description = "What is wrong with the device"},
});

inline constexpr auto kGroupTextKeys = std::to_array<Key>({
    {.name = "title", .description = "Short name to show, of at most 30 characters"},
});

inline constexpr auto kTemplateTextKeys = std::to_array<Key>({
    {.name = "fields",
     .form = Form::kEntries,
     .description = "Texts of the template's fields; placeholders are those of the device file",
     .section = SectionId::kFieldTexts},
});

inline constexpr auto kUseTextKeys = std::to_array<Key>({
    {.name = "with",
     .form = Form::kNames,
     .description = "Values of the template's parameters that are texts"},
    {.name = "fields",
     .form = Form::kEntries,
     .description = "Texts that differ from those of the template, by the field's name there",
     .section = SectionId::kFieldTexts},
});

inline constexpr auto kDefaultTextKeys = std::to_array<Key>({
    {.name = "fields",
     .form = Form::kEntry,
     .description = "Texts of every field",
     .section = SectionId::kFieldTexts},
    {.name = "members",
     .form = Form::kEntry,
     .description = "Texts of every element and member inside a field",
     .section = SectionId::kFieldTexts},
    {.name = "params",
     .form = Form::kEntry,
     .description = "Texts of every param",
     .section = SectionId::kParamTexts},
    {.name = "commands",
     .form = Form::kEntry,
     .description = "Texts of every command",
     .section = SectionId::kCommandTexts},
});

}  // namespace gridloom::catalog
