// The start of a device file and of a home file of one's own: commented, small, and valid as it is.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace gridloom::catalog {

// kBadParams if `id` is no id of a family: lower-case letters, digits and underscores, at most 40,
// a letter first.
[[nodiscard]] Result<std::string> starter_file(std::string_view id);

[[nodiscard]] std::string_view starter_home();

}  // namespace gridloom::catalog
