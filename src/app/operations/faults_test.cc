#include "app/operations/faults.h"

#include <gtest/gtest.h>

#include <vector>

#include "testing/catalog.h"
#include "testing/clock.h"

namespace gridloom::operations {
namespace {

const catalog::Catalog& the_catalog() {
  const auto& loaded = shipped_catalog();
  return *loaded;
}

TEST(FaultRules, ReplaceEndAndRunOut) {
  TestClock clock;
  std::vector<FaultRule> told;
  FaultRules faults(the_catalog(), clock, [&](const std::vector<FaultRule>& now) { told = now; });
  ASSERT_TRUE(faults.add({.fault = "disconnect", .sn = "R331A"}));
  ASSERT_TRUE(faults.add({.fault = "disconnect", .sn = "R331A", .probability = 0.5}));
  EXPECT_EQ(told.size(), 1U) << "in place of the other";
  EXPECT_EQ(told[0].probability, 0.5);
  ASSERT_TRUE(faults.add({.fault = "disconnect", .sn = "R331B"}));
  ASSERT_TRUE(faults.add({.fault = "slow_answer", .until = clock.now() + Millis{1000}}));
  EXPECT_EQ(faults.rules().size(), 3U);
  EXPECT_EQ(faults.remove("disconnect", "R331A"), 1U);
  EXPECT_EQ(told.size(), 2U);
  clock.pass(Millis{1000});
  EXPECT_EQ(faults.rules().size(), 1U);
  EXPECT_EQ(faults.remove("slow_answer", ""), 0U) << "it had run out";
  EXPECT_EQ(faults.remove("", ""), 1U);
  EXPECT_TRUE(told.empty());
  EXPECT_FALSE(faults.add({.fault = "disconnect", .account = "anna"}));
  EXPECT_FALSE(faults.add({.fault = "slow_answer", .probability = 0}));
}

}  // namespace
}  // namespace gridloom::operations
