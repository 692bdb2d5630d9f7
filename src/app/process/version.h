// The version of Gridloom.
#pragma once

#include <string_view>

namespace gridloom::app {

// The version in CMakeLists.txt's project(), as "0.1.0".
[[nodiscard]] std::string_view version();

}  // namespace gridloom::app
