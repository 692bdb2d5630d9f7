#include "sim/quick_noise.h"

#include <gtest/gtest.h>

#include <cmath>

namespace gridloom::sim {
namespace {

constexpr std::uint64_t kDraws = 100'000;

TEST(QuickNoise, HasMeanZeroAndDeviationOneAndNoMemory) {
  for (const std::uint64_t seed : {0ULL, 1ULL, 2ULL, ~0ULL}) {
    const QuickNoise noise{Chance(seed)};
    double sum = 0;
    double squares = 0;
    double neighbours = 0;
    for (std::uint64_t k = 0; k < kDraws; ++k) {
      const double drawn = noise.normal(k);
      ASSERT_LE(std::abs(drawn), 3.5);
      sum += drawn;
      squares += drawn * drawn;
      neighbours += drawn * noise.normal(k + 1);
    }
    EXPECT_NEAR(sum / kDraws, 0, 0.02);
    EXPECT_NEAR(squares / kDraws, 1, 0.02);
    EXPECT_NEAR(neighbours / kDraws, 0, 0.02);
  }
}

TEST(QuickNoise, IsAnotherOneForAnotherSeed) {
  const QuickNoise one{Chance(1)};
  const QuickNoise other{Chance(2)};
  double together = 0;
  for (std::uint64_t k = 0; k < kDraws; ++k) together += one.normal(k) * other.normal(k);
  EXPECT_NEAR(together / kDraws, 0, 0.02);
}

}  // namespace
}  // namespace gridloom::sim
