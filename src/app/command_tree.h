// The command line, described as JSON: the manual page and the shells' completions are made of it.
#pragma once

#include <functional>

#include "wire/json.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}  // namespace CLI

namespace gridloom::app {

// {"name", "help", "options": [{"names", "help", "value", "default"}], "arguments": [{"name",
// "help"}], "commands": [the same, recursively]}; an option without "value" is a switch. Hidden
// options and commands are left out.
[[nodiscard]] wire::JsonObject command_tree(const CLI::App& command);

// The hidden `gridloom command-tree`, which prints it. `app` outlives `chosen`.
void add_command_tree(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
