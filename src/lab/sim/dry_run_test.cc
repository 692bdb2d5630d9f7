// Dry runs: the same seed gives the same reports, on one thread and on many; another seed does not.
#include "sim/dry_run.h"

#include <gtest/gtest.h>

#include <chrono>

#include "sim/test_bench.h"

namespace gridloom::sim {
namespace {

using namespace std::chrono_literals;

DryRun some_devices(std::uint64_t seed, unsigned threads) {
  DryRun dry_run{.groups = {},
                 .world = {.seed = seed},
                 .from = TimePoint{std::chrono::sys_days{std::chrono::May / 4 / 2025}},
                 .span = 2h,
                 .step = 10s,
                 .threads = threads};
  for (const char* family :
       {"delta_2", "power_kits", "power_ocean", "power_stream", "smart_home_panel"}) {
    dry_run.groups.push_back({.family = family_of(family), .devices = 3});
  }
  return dry_run;
}

TEST(DryRun, SaysTheSameOnAnyNumberOfThreads) {
  const DryRunSummary one = run(some_devices(42, 1));
  EXPECT_EQ(one.devices, 15);
  EXPECT_EQ(one.steps, 15 * 720);
  EXPECT_GT(one.reports, one.steps);
  EXPECT_GT(one.bytes, 20 * one.reports);
  for (const unsigned threads : {1U, 2U, 4U, 16U}) {
    const DryRunSummary again = run(some_devices(42, threads));
    EXPECT_EQ(again.digest, one.digest) << threads;
    EXPECT_EQ(again.reports, one.reports) << threads;
    EXPECT_EQ(again.bytes, one.bytes) << threads;
  }
}

TEST(DryRun, SaysSomethingElseWithAnotherSeed) {
  EXPECT_NE(run(some_devices(42, 2)).digest, run(some_devices(43, 2)).digest);
}

TEST(DryRun, ARunWithoutDevicesReportsNothing) {
  DryRun dry_run = some_devices(1, 4);
  dry_run.groups.clear();
  const DryRunSummary none = run(dry_run);
  EXPECT_EQ(none.devices + none.steps + none.reports + none.digest, 0);
}

}  // namespace
}  // namespace gridloom::sim
