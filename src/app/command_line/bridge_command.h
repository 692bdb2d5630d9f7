// `gridloom bridge`: adds, lists, changes and removes ways in and out of the server. The commands
// below `gridloom bridge add` are the kinds of bridges, and their options the kinds' settings
// (bridges/kinds.h).
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// As add_bench().
[[nodiscard]] std::shared_ptr<void> add_bridge(CLI::App& app, std::function<int()>& chosen);
// `gridloom mirror add`, as `gridloom bridge add mirror`.
[[nodiscard]] std::shared_ptr<void> add_mirror(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
