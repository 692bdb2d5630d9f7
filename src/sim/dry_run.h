// Virtual devices without a server: they live through a span of time as fast as they can, and what
// they say is counted and digested.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/fault_order.h"
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
  std::vector<FaultOrder> faults{};
};

struct DryRunSummary {
  std::uint64_t devices = 0;
  std::uint64_t steps = 0;  // of all devices
  std::uint64_t reports = 0;
  std::uint64_t bytes = 0;  // of reports
  double seconds = 0;       // that it took
  Balance balance{};        // of all devices; stored: more than at the beginning
  // Of all reports of all devices, in their order: the same seed says the same, whatever the
  // number of threads.
  std::uint64_t digest = 0;
};

[[nodiscard]] DryRunSummary run(const DryRun& dry_run);

}  // namespace gridloom::sim
