// The paths at which a connection becomes a WebSocket. The session finds them here and nowhere else
// (http/session.cc), and the matrix of rights has a row for each (api::Api::endpoints()).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <ranges>
#include <string_view>

namespace gridloom::http {

enum class Upgrade : std::uint8_t { kMqtt, kLive };

struct UpgradeRoute {
  std::string_view path;
  std::string_view protocol;  // Sec-WebSocket-Protocol
  Upgrade to{};
};

inline constexpr std::array kUpgradeRoutes = {
    UpgradeRoute{.path = "/mqtt", .protocol = "mqtt", .to = Upgrade::kMqtt},
    UpgradeRoute{.path = "/api/v1/live", .protocol = "gridloom.live.1", .to = Upgrade::kLive},
};

// Null: there is none at the path.
[[nodiscard]] inline const UpgradeRoute* find_upgrade(std::string_view path) {
  const auto* const found = std::ranges::find(kUpgradeRoutes, path, &UpgradeRoute::path);
  return found == kUpgradeRoutes.end() ? nullptr : found;
}

}  // namespace gridloom::http
