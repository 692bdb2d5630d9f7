// How a bridge is, in words that lists, metrics and /api/v1 share.
#pragma once

#include <cstdint>
#include <string_view>

namespace gridloom::home {

enum class BridgeState : std::uint8_t {
  kOff,         // it does not run
  kConnecting,  // it has not reached its peer yet
  kConnected,   // or it listens, and waits for peers
  kFailing,     // the last attempt failed; it tries again
  kElsewhere    // another node of the cluster runs it
};

// "off", "connecting", "connected", "failing", "elsewhere"
[[nodiscard]] constexpr std::string_view name_of(BridgeState state) {
  switch (state) {
    case BridgeState::kOff:
      return "off";
    case BridgeState::kConnecting:
      return "connecting";
    case BridgeState::kConnected:
      return "connected";
    case BridgeState::kFailing:
      return "failing";
    case BridgeState::kElsewhere:
      return "elsewhere";
  }
  return {};
}

}  // namespace gridloom::home
