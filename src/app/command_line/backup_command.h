// `gridloom backup` and `gridloom restore`. User documentation: docs/user/backup.md.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Adds `gridloom backup` and `gridloom restore` to the command line; parsing one of them stores the
// action in `chosen`. The returned object holds the parsed options and must outlive the action.
[[nodiscard]] std::shared_ptr<void> add_backup(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
