// `gridloom replay`: plays the devices of a recording against any server.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Adds the command to the command line; see add_backup() for the contract.
[[nodiscard]] std::shared_ptr<void> add_replay(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
