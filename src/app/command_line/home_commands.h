// The commands for a person at a terminal: what the home does, and how to set it. Each is in a file
// of its own.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}  // namespace CLI

namespace gridloom::app {

struct HomeOptions;

// Each adds one command, as `gridloom status`, and returns its arguments, which must be kept until
// `chosen` has run.
[[nodiscard]] std::shared_ptr<void> add_status(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_get(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_set(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_explain(CLI::App& app, std::function<int()>& chosen);
// Below `device`, which must be there.
[[nodiscard]] std::shared_ptr<void> add_device_show(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_energy(CLI::App& app, std::function<int()>& chosen);
// The home live, as `gridloom watch` shows it; returns the exit code.
[[nodiscard]] int watch_home(const HomeOptions& options);
[[nodiscard]] std::shared_ptr<void> add_watch(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_wait(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_doctor(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_config(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_login(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_logout(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
