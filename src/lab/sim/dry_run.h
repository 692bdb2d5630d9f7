// Runs virtual devices without a server: they simulate a span of time as fast as they can, and
// their messages are counted and hashed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/fault_rule.h"
#include "catalog/family.h"
#include "sim/world.h"

namespace gridloom::sim {

struct DryRun {
  struct Group {
    catalog::FamilyPtr family;
    std::size_t devices = 0;
  };
  std::vector<Group> groups;
  World::Options world;  // one site for all of them
  TimePoint from;
  Millis span{0};
  Millis step{2000};  // at most a minute
  unsigned threads = 1;
  std::vector<FaultRule> faults{};
};

struct DryRunSummary {
  std::uint64_t devices = 0;
  std::uint64_t steps = 0;  // of all devices
  std::uint64_t reports = 0;
  std::uint64_t bytes = 0;  // of reports
  double seconds = 0;       // wall-clock time of the run
  Balance balance{};        // of all devices, since the beginning; stored: the growth
  // A hash of all reports of all devices, in their order: the same seed gives the same digest,
  // whatever the number of threads.
  std::uint64_t digest = 0;
};

// Receives the simulated time that has passed, on the first of the run's threads.
using OnDryRunProgress = std::function<void(Millis gone)>;

[[nodiscard]] DryRunSummary run(const DryRun& dry_run, const OnDryRunProgress& on_progress = {});

}  // namespace gridloom::sim
