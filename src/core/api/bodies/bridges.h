// Bodies about bridges: ways between the devices of an account and other systems.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/schema/body.h"
#include "bridges/core/health.h"

namespace gridloom::api {

template <>
struct schema::Words<bridges::State> {
  static constexpr std::string_view kName = "BridgeState";
  static constexpr std::array kValues = {bridges::State::kOff, bridges::State::kConnecting,
                                         bridges::State::kConnected, bridges::State::kFailing,
                                         bridges::State::kElsewhere};
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
  bridges::State state{};
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
