// Where the sources are that a test was built of. In a file of each build folder, so that the
// compiler's cache can serve the tests of another clone.
#pragma once

#include <string>
#include <string_view>

namespace gridloom {

// `path`: in the repository, as "docs/user/limits.md".
[[nodiscard]] std::string source_path(std::string_view path);

}  // namespace gridloom
