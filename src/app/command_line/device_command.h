// `gridloom device`: adds, lists, shares, moves and removes devices, one or many.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// As add_bench().
[[nodiscard]] std::shared_ptr<void> add_device(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
