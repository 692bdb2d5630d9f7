// `gridloom cluster`: how a cluster of nodes is, and giving up the slots of one of them.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Adds the commands to the command line; parsing one stores the action to run in `chosen`. The
// returned object holds the parsed options and must outlive the action.
[[nodiscard]] std::shared_ptr<void> add_cluster(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
