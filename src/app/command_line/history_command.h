// `gridloom history`: prints recorded values of a field as text, a chart or a table. The values
// come from the running server, through its admin socket, from the folder of a stopped server, or
// with a profile from a server elsewhere.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Adds the command to the command line; parsing the command stores the action to run in `chosen`.
// The returned object holds the parsed options and must outlive the action.
[[nodiscard]] std::shared_ptr<void> add_history(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
