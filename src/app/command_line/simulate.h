// `gridloom simulate`: runs virtual devices from the command line, with or without a server. User
// documentation: docs/user/emulator.md.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Adds the command to the command line; see add_backup() for the contract.
[[nodiscard]] std::shared_ptr<void> add_simulate(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
