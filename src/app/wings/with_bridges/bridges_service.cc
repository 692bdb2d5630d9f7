// The bridges of a server as a service of it, and those that its configuration names: `--bridge`.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/process/local_zone.h"
#include "app/services.h"
#include "base/clock.h"
#include "bridges/bridges_service.h"
#include "bridges/configured.h"
#include "own_api/own_service.h"
#include "time/time_zone.h"

namespace gridloom::app {
namespace {

// kBadParams: a line is not as it should be, or two have one name; errors of the files of secrets.
Result<std::vector<bridges::ConfiguredBridge>> configured_bridges(const ServeOptions& options) {
  std::vector<bridges::ConfiguredBridge> configured;
  const time::Now now{.at = SystemClock().now(), .zone = local_zone().zone};
  for (const std::string& text : options.bridges) {
    auto bridge = bridges::parse_configured(text, now);
    if (!bridge) return fail(bridge.error().code, "--bridge: " + bridge.error().detail);
    if (std::ranges::find(configured, bridge->name, &bridges::ConfiguredBridge::name) !=
        configured.end()) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("--bridge: there are two with the name {}", bridge->name));
    }
    configured.push_back(std::move(*bridge));
  }
  return configured;
}

}  // namespace

Status check_bridges(const ServeOptions& options) {
  GL_TRY(configured_bridges(options));
  return {};
}

Status check_bridges(const ServeOptions& options, const registry::Directory* directory) {
  GL_TRY(const auto configured, configured_bridges(options));
  for (const bridges::ConfiguredBridge& each : configured) {
    const bool has_account = directory != nullptr
                                 ? directory->find_account_by_name(each.account) != nullptr
                                 : options.has_demo() && each.account == kDemoAccount;
    if (!has_account) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("--bridge: {}: there is no account \"{}\"; `gridloom account add` "
                              "adds one",
                              each.name, each.account));
    }
    if (directory != nullptr && directory->find_bridge(each.name) != nullptr) {
      return fail(ErrorCode::kConflict,
                  fmt::format("--bridge: {} was also added with `gridloom bridge add`: remove one",
                              each.name));
    }
  }
  return {};
}

Status add_bridges_service(const ServicesAsked& asked, ServicesMade& made,
                           std::vector<server::MakeService>& all) {
  GL_TRY(auto configured, configured_bridges(asked.options));
  bridges::BridgesService::Options options{
      .configured = std::move(configured),
      .place = asked.is_door ? std::nullopt : std::optional(bridges::BridgesPlace{})};
  made.list_bridges = [&made](AccountId account) {
    return bridges::bridges_of(*made.bridges, account);
  };
  all.emplace_back(
      [options = std::move(options), &made](const server::ServiceParts& parts) mutable {
        auto service =
            std::make_unique<bridges::BridgesService>(parts, made.own->home(), std::move(options));
        made.bridges = &service->bridges();
        return service;
      });
  return {};
}

void place_bridges(const ServicesMade& made, const std::string& node, bool is_here) {
  made.bridges->place({.node = node, .is_here = is_here});
}

}  // namespace gridloom::app
