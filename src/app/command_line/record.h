// `gridloom record`: records the messages to and from devices of a running server as a transcript.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Adds the command to the command line; see add_backup() for the contract.
[[nodiscard]] std::shared_ptr<void> add_record(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
