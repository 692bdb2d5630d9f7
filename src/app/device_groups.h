// Families and the number of devices of each, as users write them: "delta_2=500,power_stream".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"

namespace gridloom::app {

// Parses "delta_2=500,power_stream" into families and the number of devices of each. kBadParams:
// the text has a different form, or a number is zero or too large.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::size_t>>> parse_groups(
    std::string_view text);

// As parse_groups(), with families resolved in the catalog; also an error if a family is unknown.
using Groups = std::vector<std::pair<catalog::FamilyPtr, std::size_t>>;
[[nodiscard]] Result<Groups> groups_of(std::string_view text, const catalog::Catalog& catalog);

}  // namespace gridloom::app
