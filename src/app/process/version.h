// The version of Gridloom, and the commit that it was built from, which the build writes
// (cmake/commit.cmake).
#pragma once

#include <string>
#include <string_view>

namespace gridloom::app {

// The version in CMakeLists.txt's project(), as "0.2.0".
[[nodiscard]] std::string_view version();

// The commit that the program was built from, as "4f2a90c13b1e", with a "+" behind it where files
// were changed since; empty: it is not known.
[[nodiscard]] std::string_view commit();

// "gridloom 0.2.0 (4f2a90c13b1e)", without a commit "gridloom 0.2.0".
[[nodiscard]] std::string version_text();

}  // namespace gridloom::app
