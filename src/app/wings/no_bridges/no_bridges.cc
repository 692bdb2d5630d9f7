// In place of app/wings/with_bridges, in a build without the wing src/bridges.
#include <spdlog/spdlog.h>

#include "app/command_line/commands.h"
#include "app/command_line/without.h"
#include "app/operations/kinds.h"
#include "app/services.h"

namespace gridloom {
namespace app {

constexpr std::string_view kWhat = "bridges";

std::shared_ptr<void> add_bridge(CLI::App& app, std::function<int()>& chosen) {
  return add_missing_command(app, chosen, "bridge", kWhat);
}
std::shared_ptr<void> add_mirror(CLI::App& app, std::function<int()>& chosen) {
  return add_missing_command(app, chosen, "mirror", kWhat);
}

Status check_bridges(const ServeOptions& options) {
  return options.bridges.empty() ? Status() : without(kWhat);
}
Status check_bridges(const ServeOptions& options, const registry::Directory* directory) {
  if (directory != nullptr && !directory->bridges().empty()) {
    spdlog::warn("no bridge of this data folder runs: {}", without(kWhat).error().detail);
  }
  return check_bridges(options);
}
Status add_bridges_service(const ServicesAsked& asked, ServicesMade& /*made*/,
                           std::vector<server::MakeService>& /*all*/) {
  return check_bridges(asked.options);
}
void place_bridges(const ServicesMade& /*made*/, const std::string& /*node*/, bool /*is_here*/) {}

}  // namespace app

std::span<const operations::Operation> operations::bridge_operations() { return {}; }

}  // namespace gridloom
