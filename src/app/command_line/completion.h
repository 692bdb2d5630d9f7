// `gridloom completion bash|zsh|fish`: prints a completion script for the shell. The script asks
// `gridloom __complete WORD...` what may stand next (complete.h), so that it knows the commands,
// families, fields, faults and serial numbers of the installed program.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// As add_bench().
[[nodiscard]] std::shared_ptr<void> add_completion(CLI::App& app, std::function<int()>& chosen);

// The script; empty: there is none for the shell.
[[nodiscard]] std::string_view completion_script(std::string_view shell);

}  // namespace gridloom::app
