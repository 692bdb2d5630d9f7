// Seeded random numbers without state: a value is a pure function of (seed, what, when), so that a
// run is the same in any order and on any number of threads.
#pragma once

#include <cstdint>
#include <string_view>

namespace gridloom {

class Chance {
 public:
  explicit constexpr Chance(std::uint64_t seed) : seed_(seed) {}

  // A separate generator for a device or a purpose.
  [[nodiscard]] constexpr Chance split(std::string_view what) const {
    std::uint64_t hash = seed_ ^ 0xcbf29ce484222325ULL;
    for (const char c : what) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return Chance(mix(hash));
  }

  [[nodiscard]] constexpr std::uint64_t bits(std::uint64_t index) const {
    return mix(seed_ ^ mix(index));
  }
  // 0 <= x < 1
  [[nodiscard]] constexpr double uniform(std::uint64_t index) const {
    return static_cast<double>(bits(index) >> 11U) * 0x1.0p-53;
  }
  // Mean 0, deviation 1, never beyond 3.5 (sum of four uniforms).
  [[nodiscard]] constexpr double normal(std::uint64_t index) const {
    const std::uint64_t b = bits(index);
    const auto part = [b](unsigned shift) {
      return static_cast<double>((b >> shift) & 0xffffU) / 65536.0;
    };
    return (part(0) + part(16) + part(32) + part(48) - 2.0) * 1.7320508;
  }

 private:
  static constexpr std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31U);
  }

  std::uint64_t seed_;
};

}  // namespace gridloom
