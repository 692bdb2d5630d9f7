// Describes the command line as JSON, the source of the manual page and the shell completions; and
// the manual page.
#pragma once

#include <functional>
#include <string>

#include "wire/json.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}  // namespace CLI

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// {"name", "help", "group", "examples", "options": [{"names", "help", "value", "default"}],
// "arguments": [{"name", "help"}], "commands": [the same, recursively]}; an option without "value"
// is a switch. Hidden options and commands are left out.
[[nodiscard]] wire::JsonObject command_tree(const CLI::App& command);

// Adds the hidden `gridloom command-tree`, which prints the description. `app` outlives `chosen`.
void add_command_tree(CLI::App& app, std::function<int()>& chosen);

// `gridloom man`: prints the manual page gridloom(1), made of the command tree.

// `app` outlives `chosen`.
void add_manual(CLI::App& app, std::function<int()>& chosen);

// The page in roff, for `man -l`.
[[nodiscard]] std::string manual_page(const CLI::App& root);

}  // namespace gridloom::app
