// In place of app/wings/with_home, in a build without the wing src/home.
#include <memory>

#include "app/command_line/command.h"
#include "app/command_line/commands.h"
#include "app/command_line/without.h"
#include "app/control/admin.h"
#include "app/control/local_socket.h"
#include "app/control/streams.h"
#include "app/limits.h"
#include "app/operations/backup.h"
#include "app/operations/kinds.h"
#include "app/services.h"

namespace gridloom {
namespace app {

constexpr std::string_view kWhat = "the home and its dashboard";

struct HomeLimits {};

std::shared_ptr<void> add_status(CLI::App& app, std::function<int()>& chosen) {
  return add_missing_command(app, chosen, "status", kWhat);
}
std::shared_ptr<void> add_watch(CLI::App& app, std::function<int()>& chosen) {
  return add_missing_command(app, chosen, "watch", kWhat);
}
std::shared_ptr<void> add_device_show(CLI::App& app, std::function<int()>& chosen) {
  return add_missing_command(*command_below(app, "device"), chosen, "show", kWhat);
}
std::shared_ptr<void> add_history(CLI::App& app, std::function<int()>& chosen) {
  return add_missing_command(app, chosen, "history", kWhat);
}
std::shared_ptr<void> add_energy(CLI::App& app, std::function<int()>& chosen) {
  return add_missing_command(app, chosen, "energy", kWhat);
}

std::span<const Limit> limits_of_home() { return {}; }
std::shared_ptr<HomeLimits> default_limits_of_home() { return nullptr; }

Status stream_history(const operations::Context& /*context*/, const wire::JsonObject& /*request*/,
                      const OnChunk& /*on_chunk*/) {
  return without(kWhat);
}
void send_history(const operations::Context& /*context*/, const wire::JsonObject& /*request*/,
                  int socket) {
  static_cast<void>(send_all(socket, outcome_text(without(kWhat))));
}

Status check_page(const ServeOptions& options) {
  return options.web.empty() && options.embed_origins.empty() ? Status() : without(kWhat);
}
Status add_home_service(const ServicesAsked& asked, ServicesMade& /*made*/,
                        std::vector<server::MakeService>& /*all*/) {
  return check_page(asked.options);
}
std::vector<server::MakeService> homes_only(EventsOf /*of*/) { return {}; }

}  // namespace app

std::span<const operations::Operation> operations::energy_operations() { return {}; }
std::span<const operations::FilesOfHome> operations::files_of_home() { return {}; }

}  // namespace gridloom
