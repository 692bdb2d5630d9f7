// `gridloom sign-in`: a link that opens the dashboard.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// As add_bench().
[[nodiscard]] std::shared_ptr<void> add_sign_in(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
