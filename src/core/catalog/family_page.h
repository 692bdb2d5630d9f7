// The reference page of a family in Markdown, made of its device file: fields, commands with ready
// requests, reports, quirks. A page links to other such pages only: it is printed and packaged
// without the project's other documents, which it names by their path in the sources. Pure.
#pragma once

#include <string>
#include <string_view>

#include "catalog/family.h"
#include "catalog/loader.h"
#include "wire/json.h"

namespace gridloom::catalog {

// Its examples are for a device of the family in a home of the catalogue, if there is one.
[[nodiscard]] std::string family_page(const Family& family, const Catalog& catalog);
// The page that lists the families, and how the serial numbers of all known products begin: which
// family serves each product, or why none does.
[[nodiscard]] std::string families_page(const Catalog& catalog);

// A set of the command that the family accepts, for the device `sn` but without the member of that
// name: each parameter has one of its values.
[[nodiscard]] wire::JsonObject example_set(const Family& family, const Command& command,
                                           std::string_view sn);

}  // namespace gridloom::catalog
