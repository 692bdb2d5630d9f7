// `gridloom time`: shows and controls the devices' time of a running server.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Adds `gridloom time` to the command line; see add_backup() for the contract.
[[nodiscard]] std::shared_ptr<void> add_time(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
