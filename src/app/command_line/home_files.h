// `gridloom home`: lists, shows, checks and starts home files, and prints their JSON Schema.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// As add_bench().
[[nodiscard]] std::shared_ptr<void> add_home_files(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
