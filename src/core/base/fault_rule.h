// A rule that injects a fault: of virtual devices (sim/device_faults.h) or of the platform itself
// (hub/platform/fault_injector.h).
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace gridloom {

struct FaultRule {
  std::string fault;
  std::string sn{};       // the device; empty: every one that can have the fault
  std::string account{};  // for platform faults: the account's name; empty: every account
  // A device has the fault in this fraction of all minutes, the platform in this fraction of all
  // cases.
  double probability = 1;
  std::optional<double> value{};  // replaces the fault's default value
  std::optional<TimePoint> until{};

  friend bool operator==(const FaultRule&, const FaultRule&) = default;
};

}  // namespace gridloom
