// The commands of the command line, each in a file of its own: how they are added to it.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}  // namespace CLI

namespace gridloom::app {

// Each adds one command, as `gridloom status`, and returns its arguments, which must be kept until
// `chosen` has run; backup adds `gridloom restore` too.
[[nodiscard]] std::shared_ptr<void> add_status(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_get(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_set(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_watch(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_explain(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_device(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_history(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_energy(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_wait(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_audit(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_login(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_logout(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_account(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_token(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_sign_in(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_bridge(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_mirror(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_backup(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_check(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_migrate(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_damage(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_simulate(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_time(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_fault(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_record(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_replay(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_bench(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_family(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_home_files(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_block(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_segment(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_completion(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_doctor(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_config(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_cluster(CLI::App& app, std::function<int()>& chosen);
[[nodiscard]] std::shared_ptr<void> add_lab(CLI::App& app, std::function<int()>& chosen);
// Below `device`, which must be there.
[[nodiscard]] std::shared_ptr<void> add_device_show(CLI::App& app, std::function<int()>& chosen);
// Below `family`.
[[nodiscard]] std::shared_ptr<void> add_family_guess(CLI::App& family,
                                                     std::function<int()>& chosen);

}  // namespace gridloom::app
