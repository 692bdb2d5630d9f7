// A wing that a build has left out (GL_WINGS), as this program tells of it. Below app/wings a room
// no_WING stands in the place of with_WING.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}  // namespace CLI

namespace gridloom::app {

// kBadParams. `what`: such as "PostgreSQL", or "bridges".
[[nodiscard]] std::unexpected<Error> without(std::string_view what);

// A command in the place of one of the wing: whatever its arguments, it says that it is missing.
[[nodiscard]] std::shared_ptr<void> add_missing_command(CLI::App& parent,
                                                        std::function<int()>& chosen,
                                                        const std::string& name,
                                                        std::string_view what);

}  // namespace gridloom::app
