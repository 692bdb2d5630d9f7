#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "sim/device_faults.h"
#include "sim/test_bench.h"
#include "testing/catalog.h"

namespace gridloom::sim {
namespace {

TEST(DeviceFaultsForWeeks, LeaveTheEnergyBalanceExact) {
  for (const std::string& id : shipped_families()) {
    const catalog::FamilyPtr family = family_of(id);
    SCOPED_TRACE(id);
    Bench bench(family);
    for (const catalog::DeviceFault& fault : family->faults) {
      bench.rules.push_back({.fault = fault.name, .probability = 0.3});
    }
    bench.rules.push_back({.fault = "clock_skew", .probability = 0.2, .value = -7200});
    bench.connect();
    const Balance begun = bench.device().balance();
    std::int64_t lost_uj = begun.lost_uj;
    for (int k = 0; k < 3000; ++k) {
      bench.step(Millis{k % 7 == 0 ? kMinute_ms : 2000});
      expect_documented(bench.fields());
      const Balance now = bench.device().balance();
      ASSERT_EQ(now.in_uj - begun.in_uj, now.out_uj - begun.out_uj + now.lost_uj - begun.lost_uj +
                                             now.stored_uj - begun.stored_uj);
      ASSERT_GE(now.lost_uj, lost_uj);
      lost_uj = now.lost_uj;
      bench.said.clear();
    }
  }
}

}  // namespace
}  // namespace gridloom::sim
