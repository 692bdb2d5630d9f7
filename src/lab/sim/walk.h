// A random walk as a pure function of the seed and the time, so that it goes the same way whatever
// the steps are: a sum of noises, each of which goes straight from one random value to the next.
// Their amplitudes are as the square roots of their periods; so a change grows with the square root
// of its time, as that of a random walk does, up to a time in which the walk goes everywhere.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "sim/quick_noise.h"

namespace gridloom::sim {

class Walk {
 public:
  // A value holds for so long.
  static constexpr std::int64_t kHolds_ms = 10'000;

  // `step`: standard deviation of its change in a minute. It goes at least as far as `span`.
  Walk(double step, double span) : first_(step / std::sqrt(kMinuteShare)) {
    for (double amplitude = first_; amplitude < span && noises_ < kMostNoises; ++noises_) {
      amplitude *= 2;
    }
  }

  // The walk of a number below kWalks at a time in milliseconds since 1970. Only differences of its
  // values mean something.
  [[nodiscard]] double at(std::int64_t now_ms, const QuickNoise& noise,
                          std::uint64_t number) const {
    const auto held = static_cast<std::uint64_t>(now_ms / kHolds_ms);
    double sum = 0;
    double amplitude = first_;
    unsigned bits = kFirstBits;
    for (std::uint64_t k = 0; k < noises_; ++k) {
      const std::uint64_t index = held >> bits;
      const auto into = static_cast<std::int64_t>(held & ((std::uint64_t{1} << bits) - 1));
      const double part = static_cast<double>(into) / static_cast<double>(std::int64_t{1} << bits);
      const auto drawn = [&](std::uint64_t at) {
        return noise.normal((at * kMostNoises + k) * kWalks + number);
      };
      const double from = drawn(index);
      sum += amplitude * (from + part * (drawn(index + 1) - from));
      amplitude *= 2;
      bits += 2;
    }
    return sum;
  }

  static constexpr std::uint64_t kWalks = 1024;

 private:
  static constexpr unsigned kFirstBits = 1;  // of the period of the fastest noise, in kHolds_ms
  static constexpr std::uint64_t kMostNoises = 12;
  // The variance of a change in a minute, relative to the first noise's.
  static constexpr double kMinuteShare = 5.75;

  double first_;  // the amplitude of the fastest noise
  std::uint64_t noises_ = 1;
};

}  // namespace gridloom::sim
