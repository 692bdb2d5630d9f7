// `gridloom lab`: a server with --lab, set back to its start.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Adds the commands to the command line; parsing one stores the action to run in `chosen`. The
// returned object holds the parsed options and must outlive the action.
[[nodiscard]] std::shared_ptr<void> add_lab(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
