// Something that is to go wrong, on demand: a fault of virtual devices (sim/troubles.h) or of the
// platform itself (hub/misdeeds.h).
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace gridloom {

struct FaultOrder {
  std::string fault;
  std::string sn{};       // of this device; empty: of every one that can have it
  std::string account{};  // the platform's: for this account, by its name; empty: for every one
  // Devices have it in so many of all minutes, the platform in so many of all cases.
  double share = 1;
  std::optional<double> value{};  // what it does, in place of what it does by itself
  std::optional<TimePoint> until{};

  friend bool operator==(const FaultOrder&, const FaultOrder&) = default;
};

}  // namespace gridloom
