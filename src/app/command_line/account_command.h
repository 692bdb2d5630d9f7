// `gridloom account`: adds, lists and removes accounts, and changes their keys.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// As add_bench().
[[nodiscard]] std::shared_ptr<void> add_account(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
