#include "app/fault.h"

#include <gtest/gtest.h>

#include <vector>

#include "catalog/loader.h"
#include "testing/clock.h"

namespace gridloom::app {
namespace {

const catalog::Catalog& the_catalog() {
  static const auto loaded = catalog::load_catalog({}).value();
  return *loaded;
}

TEST(Faults, ReplaceEndAndRunOut) {
  TestClock clock;
  std::vector<FaultRule> told;
  Faults faults(the_catalog(), clock, [&](const std::vector<FaultRule>& now) { told = now; });
  ASSERT_TRUE(faults.order({.fault = "disconnect", .sn = "R331A"}));
  ASSERT_TRUE(faults.order({.fault = "disconnect", .sn = "R331A", .probability = 0.5}));
  EXPECT_EQ(told.size(), 1U) << "in place of the other";
  EXPECT_EQ(told[0].probability, 0.5);
  ASSERT_TRUE(faults.order({.fault = "disconnect", .sn = "R331B"}));
  ASSERT_TRUE(faults.order({.fault = "slow_answer", .until = clock.now() + Millis{1000}}));
  EXPECT_EQ(faults.orders().size(), 3U);
  EXPECT_EQ(faults.end("disconnect", "R331A"), 1U);
  EXPECT_EQ(told.size(), 2U);
  clock.pass(Millis{1000});
  EXPECT_EQ(faults.orders().size(), 1U);
  EXPECT_EQ(faults.end("slow_answer", ""), 0U) << "it had run out";
  EXPECT_EQ(faults.end("", ""), 1U);
  EXPECT_TRUE(told.empty());
  EXPECT_FALSE(faults.order({.fault = "disconnect", .account = "anna"}));
  EXPECT_FALSE(faults.order({.fault = "slow_answer", .probability = 0}));
}

}  // namespace
}  // namespace gridloom::app
