// The paths at which a connection becomes a WebSocket. The protocol is told here and nowhere else
// (api/http_service.h), and the matrix of rights has a row for each (Api::endpoints()).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <ranges>
#include <string_view>

#include "http/service.h"
#include "http/web_socket.h"

namespace gridloom::api {

enum class UpgradeTarget : std::uint8_t { kMqtt, kLive };

struct UpgradeRoute {
  std::string_view path;
  http::Upgrade upgrade;
  UpgradeTarget to{};
};

inline constexpr std::array kUpgradeRoutes = {
    UpgradeRoute{.path = "/mqtt",
                 .upgrade = {.protocol = "mqtt", .form = http::WebSocketForm::kBytes},
                 .to = UpgradeTarget::kMqtt},
    UpgradeRoute{.path = "/api/v1/live",
                 .upgrade = {.protocol = "gridloom.live.1", .form = http::WebSocketForm::kLines},
                 .to = UpgradeTarget::kLive},
};

// Null: there is none at the path.
[[nodiscard]] inline const UpgradeRoute* find_upgrade(std::string_view path) {
  const auto* const found = std::ranges::find(kUpgradeRoutes, path, &UpgradeRoute::path);
  return found == kUpgradeRoutes.end() ? nullptr : found;
}

}  // namespace gridloom::api
