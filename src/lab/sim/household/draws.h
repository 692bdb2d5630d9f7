// A sequence of random draws for one purpose on one day. The same chance and the same number give
// the same sequence, so that a day can be planned again at any time and in any order.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/chance.h"

namespace gridloom::sim::household {

class Draws {
 public:
  Draws(Chance chance, std::int64_t number)
      : chance_(chance), next_(static_cast<std::uint64_t>(number) << kBits) {}

  // 0 <= x < 1
  [[nodiscard]] double uniform() { return chance_.uniform(next_++); }
  [[nodiscard]] bool happens(double probability) { return uniform() < probability; }
  [[nodiscard]] double normal(double mean, double deviation) {
    return mean + deviation * chance_.normal(next_++);
  }
  [[nodiscard]] double lognormal(double median, double sigma) {
    return median * std::exp(normal(0, sigma));
  }
  // How often something happens that happens `mean` times on average.
  [[nodiscard]] int poisson(double mean) {
    const double limit = std::exp(-mean);
    int times = 0;
    for (double left = uniform(); left > limit; left *= uniform()) ++times;
    return times;
  }

 private:
  static constexpr unsigned kBits = 16;  // far more draws than a day needs

  Chance chance_;
  std::uint64_t next_;
};

}  // namespace gridloom::sim::household
