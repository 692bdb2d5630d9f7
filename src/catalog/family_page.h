// The reference page of a family in Markdown, made of its device file: fields, commands with ready
// requests, reports, quirks. Pure.
#pragma once

#include <span>
#include <string>

#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::catalog {

[[nodiscard]] std::string family_page(const Family& family);
// The page that lists the families, and the beginnings of serial numbers that each of them serves.
[[nodiscard]] std::string families_page(std::span<const FamilyPtr> families);

// A set of the command that the family accepts, without `sn`: each parameter has one of its values.
[[nodiscard]] wire::JsonObject example_set(const Family& family, const Command& command);

}  // namespace gridloom::catalog
