// Which Gridloom this is.
#pragma once

#include <string_view>

namespace gridloom::app {

// The version of CMakeLists.txt's project(), as "0.1.0".
[[nodiscard]] std::string_view version();

}  // namespace gridloom::app
