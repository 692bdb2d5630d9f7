// `gridloom migrate`: moves a data folder's data to a database, or back. User documentation:
// docs/operate/migrate.md.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

namespace placeholder {
inline constexpr const char* kFolderOrDatabase = "DIR|URL";
}  // namespace placeholder

// Adds the command to the command line; parsing the command stores the action to run in `chosen`.
// The returned object holds the parsed options and must outlive the action.
[[nodiscard]] std::shared_ptr<void> add_migrate(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
