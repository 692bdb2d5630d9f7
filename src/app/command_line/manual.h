// `gridloom man`: prints the manual page gridloom(1), made of the command tree.
#pragma once

#include <functional>
#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// `app` outlives `chosen`.
void add_manual(CLI::App& app, std::function<int()>& chosen);

// The page in roff, for `man -l`.
[[nodiscard]] std::string manual_page(const CLI::App& root);

}  // namespace gridloom::app
