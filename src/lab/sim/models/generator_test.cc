#include "sim/models/generator.h"

#include <gtest/gtest.h>

namespace gridloom::sim {
namespace {

constexpr Generator::Limits kLimits = {.start_soc = 30, .stop_soc = 50, .full_soc = 99};

bool runs_at(Generator& generator, double soc, const Generator::Limits& limits = kLimits) {
  generator.update(soc, limits);
  return generator.runs();
}

TEST(Generator, RunsFromItsLowerChargeToItsUpperOne) {
  Generator generator;
  EXPECT_FALSE(runs_at(generator, 31));
  EXPECT_TRUE(runs_at(generator, 30));
  EXPECT_TRUE(runs_at(generator, 49.9));
  EXPECT_FALSE(runs_at(generator, 50));
  EXPECT_FALSE(runs_at(generator, 31));
}

TEST(Generator, DoesNotRunWhereItIsToStop) {
  const Generator::Limits crossed = {.start_soc = 60, .stop_soc = 20, .full_soc = 99};
  Generator generator;
  EXPECT_FALSE(runs_at(generator, 40, crossed));
  EXPECT_TRUE(runs_at(generator, 19, crossed));
  EXPECT_FALSE(runs_at(generator, 20, crossed));
}

TEST(Generator, StoppedByHandWaitsForTheNextTimeThatItIsNeeded) {
  Generator generator;
  EXPECT_TRUE(runs_at(generator, 25));
  generator.stop();
  EXPECT_FALSE(runs_at(generator, 20));
  EXPECT_FALSE(runs_at(generator, 31));
  EXPECT_TRUE(runs_at(generator, 30));
}

TEST(Generator, StartedByHandRunsUntilTheBatteryIsFull) {
  Generator generator;
  generator.start();
  EXPECT_TRUE(runs_at(generator, 60));
  EXPECT_TRUE(runs_at(generator, 98.9));
  EXPECT_FALSE(runs_at(generator, 99));
  EXPECT_FALSE(runs_at(generator, 60));
}

}  // namespace
}  // namespace gridloom::sim
