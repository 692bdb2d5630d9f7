// Lets virtual devices talk to a server for a while, shows how it goes, and sums it up.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "sim/fleet.h"

namespace gridloom::app {

struct Drive {
  sim::Fleet::Options fleet;  // of which the loop and the clock are not looked at
  std::vector<sim::Member> members;
  std::size_t threads = 1;
  std::vector<FaultOrder> faults{};
  // Once all are online; else until SIGINT or SIGTERM. A server where nobody has come online is
  // given up after this span, though not before ten seconds.
  std::optional<Millis> span;
  pid_t server = 0;  // whose processor time and memory are told too; 0: nobody's
  bool json = false;
};

// The exit code: 0 unless nobody came online; at once if nobody listens there. Before any other
// thread exists.
[[nodiscard]] int drive(const Drive& options);

}  // namespace gridloom::app
