// The state in which a virtual device was left when its simulation ended.
#pragma once

#include <optional>

#include "base/clock.h"
#include "wire/json.h"

namespace gridloom::sim {

struct LastState {
  std::optional<TimePoint> at{};  // of the last report; nullopt: unknown
  wire::JsonObject reported{};    // the last values, by the names that the device reports
  wire::JsonObject unreported{};  // Model::unreported()
};

}  // namespace gridloom::sim
