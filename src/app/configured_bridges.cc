#include "app/configured_bridges.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "app/demo.h"
#include "app/process/local_zone.h"
#include "base/clock.h"
#include "time/time_zone.h"

namespace gridloom::app {

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

}  // namespace gridloom::app
