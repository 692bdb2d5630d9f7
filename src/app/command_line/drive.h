// Runs virtual devices against a server for a while, shows the progress, and prints a summary.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "sim/fleet.h"

namespace gridloom::app {

struct FleetRun {
  sim::Fleet::Options fleet;  // its loop and clock are ignored
  std::vector<sim::Member> members;
  std::size_t threads = 1;
  std::vector<FaultRule> faults{};
  // How long to run once all devices are online; without a value, until SIGINT or SIGTERM. If no
  // device has come online after this span, but after at least ten seconds, the run is given up.
  std::optional<Millis> span;
  pid_t server = 0;  // whose CPU time and memory are shown too; 0: none
  bool json = false;
};

// Returns the exit code: 0 unless no device came online; fails at once if no server listens at the
// address. Call before any other thread exists.
[[nodiscard]] int run_fleet(const FleetRun& options);

}  // namespace gridloom::app
