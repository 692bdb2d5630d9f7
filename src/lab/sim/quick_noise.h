// Random numbers for measurement noise, which every step of every device draws several times: a
// pure function of (seed, index) as Chance is, in a fraction of its time (wyrand's mixing of Wang
// Yi: one multiplication). Properties and actions of a device are drawn from Chance.
#pragma once

#include <cstdint>

#include "base/chance.h"

namespace gridloom::sim {

class QuickNoise {
 public:
  explicit constexpr QuickNoise(const Chance& chance) : seed_(chance.bits(0)) {}

  // Mean 0, deviation 1, never beyond 3.5 (sum of four uniforms).
  [[nodiscard]] constexpr double normal(std::uint64_t index) const {
    const std::uint64_t x = seed_ + index * 0xa0761d6478bd642fULL;
    const Wide product = Wide{x} * (x ^ 0xe7037ed1a0b428dbULL);
    const std::uint64_t b =
        static_cast<std::uint64_t>(product >> 64U) ^ static_cast<std::uint64_t>(product);
    const std::uint64_t sum =
        (b & 0xffffU) + (b >> 16U & 0xffffU) + (b >> 32U & 0xffffU) + (b >> 48U);
    // Signed: conversions of unsigned numbers take several instructions.
    return static_cast<double>(static_cast<std::int64_t>(sum) - 0x1fffe) * (1.7320508 / 65536);
  }

 private:
  using Wide = unsigned __int128;

  std::uint64_t seed_;
};

}  // namespace gridloom::sim
