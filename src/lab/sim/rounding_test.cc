#include "sim/rounding.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/chance.h"

namespace gridloom::sim {
namespace {

std::vector<double> numbers() {
  std::vector<double> found = {0,
                               0.25,
                               std::nextafter(0.5, 0),
                               0.5,
                               std::nextafter(0.5, 1),
                               1,
                               1.5,
                               2.5,
                               1e9 + 0.5,
                               0x1p51 + 0.5,
                               0x1p51 + 1.5,
                               0x1p52 - 0.5,
                               0x1p52,
                               0x1p52 + 1,
                               0x1p60,
                               std::numeric_limits<double>::denorm_min()};
  const Chance chance(7);
  for (std::uint64_t k = 0; k < 30'000; ++k) {
    const double size = chance.normal(k) * std::pow(10, static_cast<double>(k % 16));
    found.push_back(size);
    found.push_back(std::round(size) + 0.5);
    found.push_back(std::nextafter(found.back(), 0));
  }
  for (const double size : std::vector(found)) found.push_back(-size);
  return found;
}

// By their bits: a zero has a sign too.
TEST(Rounding, IsThatOfTheStandardLibrary) {
  for (const double number : numbers()) {
    const auto bits = [](double value) { return std::bit_cast<std::uint64_t>(value); };
    ASSERT_EQ(bits(round_half_away(number)), bits(std::round(number))) << number;
    ASSERT_EQ(bits(round_down(number)), bits(std::floor(number))) << number;
    ASSERT_EQ(bits(round_up(number)), bits(std::ceil(number))) << number;
    ASSERT_EQ(round_to_int64(number), std::llround(number)) << number;
  }
}

TEST(Rounding, KeepsWhatIsNotFinite) {
  for (const double number :
       {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(round_half_away(number), number);
    EXPECT_EQ(round_down(number), number);
    EXPECT_EQ(round_up(number), number);
  }
  const double none = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(round_half_away(none)));
  EXPECT_TRUE(std::isnan(round_down(none)));
}

}  // namespace
}  // namespace gridloom::sim
