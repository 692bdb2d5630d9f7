// In place of app/wings/with_lab, in a build without the wing src/lab.
#include "app/command_line/commands.h"
#include "app/command_line/without.h"
#include "app/control/admin.h"
#include "app/control/local_socket.h"
#include "app/control/streams.h"
#include "app/operations/kinds.h"
#include "app/virtual_home.h"

namespace gridloom {
namespace app {

constexpr std::string_view kWhat = "virtual devices";

std::shared_ptr<void> add_simulate(CLI::App& app, std::function<int()>& chosen) {
  return add_missing_command(app, chosen, "simulate", kWhat);
}
std::shared_ptr<void> add_record(CLI::App& app, std::function<int()>& chosen) {
  return add_missing_command(app, chosen, "record", kWhat);
}
std::shared_ptr<void> add_replay(CLI::App& app, std::function<int()>& chosen) {
  return add_missing_command(app, chosen, "replay", kWhat);
}
std::shared_ptr<void> add_bench(CLI::App& app, std::function<int()>& chosen) {
  return add_missing_command(app, chosen, "bench", kWhat);
}
std::shared_ptr<void> add_family_guess(CLI::App& family, std::function<int()>& chosen) {
  return add_missing_command(family, chosen, "guess", kWhat);
}

void stream_recording(hub::Hub& /*hub*/, const wire::Json& /*begun*/, std::string_view /*first*/,
                      int socket, const std::stop_token& /*stop*/) {
  static_cast<void>(send_all(socket, outcome_text(without(kWhat))));
}

Status check_model(const catalog::FamilyPtr& /*family*/) { return {}; }
Status check_virtual_home(const ServeOptions& /*options*/, const catalog::Catalog& /*catalog*/) {
  return without(kWhat);
}
Result<std::unique_ptr<VirtualHome>> make_virtual_home(ServeProcess& /*process*/,
                                                       const ServeOptions& /*options*/) {
  return without(kWhat);
}
Result<int> live_past(const ServeOptions& /*options*/, const Past& /*past*/,
                      std::shared_ptr<const catalog::Catalog> /*catalog*/,
                      const sigset_t& /*signals*/) {
  return without(kWhat);
}

}  // namespace app

std::span<const operations::Operation> operations::simulated_operations() { return {}; }

}  // namespace gridloom
