// The verb `gridloom bench`: its options and what it prints.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Adds the verb to the command line; parsing it puts what is to run into `chosen`. The returned
// object holds what was parsed and has to live as long.
[[nodiscard]] std::shared_ptr<void> add_bench(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
