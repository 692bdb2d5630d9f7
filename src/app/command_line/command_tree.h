// Describes the command line as JSON, the source of the manual page and the shell completions.
#pragma once

#include <functional>

#include "wire/json.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}  // namespace CLI

namespace gridloom::app {

// {"name", "help", "group", "examples", "options": [{"names", "help", "value", "default"}],
// "arguments": [{"name", "help"}], "commands": [the same, recursively]}; an option without "value"
// is a switch. Hidden options and commands are left out.
[[nodiscard]] wire::JsonObject command_tree(const CLI::App& command);

// Adds the hidden `gridloom command-tree`, which prints the description. `app` outlives `chosen`.
void add_command_tree(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
