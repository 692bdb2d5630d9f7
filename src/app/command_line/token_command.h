// `gridloom token`: adds, lists and removes tokens of programs for /api/v1.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// As add_bench().
[[nodiscard]] std::shared_ptr<void> add_token(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
