// `gridloom family guess` writes a device file from a recording, `gridloom family page` prints the
// reference page of a family.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// `family` is the command that the two stand below. As add_bench().
[[nodiscard]] std::shared_ptr<void> add_family_files(CLI::App& family,
                                                     std::function<int()>& chosen);

}  // namespace gridloom::app
