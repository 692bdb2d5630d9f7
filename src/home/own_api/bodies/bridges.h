// Bodies about bridges: ways between the devices of an account and other systems.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/schema/body.h"
#include "home/bridge_state.h"

namespace gridloom::api {

template <>
struct schema::Words<home::BridgeState> {
  static constexpr std::string_view kName = "BridgeState";
  static constexpr std::array kValues = {home::BridgeState::kOff, home::BridgeState::kConnecting,
                                         home::BridgeState::kConnected, home::BridgeState::kFailing,
                                         home::BridgeState::kElsewhere};
};

namespace body {

struct BridgeFigure {
  std::string name;
  std::int64_t value = 0;
};
const schema::Body& describe(schema::Of<BridgeFigure> /*of*/);

struct Bridge {
  std::string name;
  std::string kind;
  bool on = false;
  home::BridgeState state{};
  std::optional<std::string> node{};
  std::optional<std::int64_t> since_ms{};
  std::optional<std::int64_t> last_message_ms{};
  std::uint64_t in = 0;
  std::uint64_t out = 0;
  std::uint64_t dropped = 0;
  std::uint64_t errors = 0;
  std::optional<std::string> last_error{};
  std::vector<BridgeFigure> figures{};
};
const schema::Body& describe(schema::Of<Bridge> /*of*/);

struct Bridges {
  std::vector<Bridge> bridges;
};
const schema::Body& describe(schema::Of<Bridges> /*of*/);

}  // namespace body
}  // namespace gridloom::api
