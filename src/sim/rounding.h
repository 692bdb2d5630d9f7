// Rounding without calls of the C library, for code that runs in every step of every device. The
// results are those of std::round, std::llround, std::floor and std::ceil, to the last bit, as long
// as the processor rounds to nearest. Pure functions.
#pragma once

#include <cmath>
#include <cstdint>

namespace gridloom::sim {

namespace detail {

// From here on, every double is a whole number.
inline constexpr double kWhole = 0x1p52;

// The nearest whole number, the even one of two: the sum has no bits for a fraction. `size` is at
// least 0 and below kWhole.
[[nodiscard]] inline double nearest_even(double size) { return (size + kWhole) - kWhole; }

}  // namespace detail

// As std::round: halves away from zero.
[[nodiscard]] inline double round_half_away(double value) {
  const double size = std::abs(value);
  const double even = detail::nearest_even(size);
  const double nearest = size - even == 0.5 ? even + 1 : even;
  return size < detail::kWhole ? std::copysign(nearest, value) : value;
}

// As std::llround; the result must fit.
[[nodiscard]] inline std::int64_t round_to_int64(double value) {
  return static_cast<std::int64_t>(round_half_away(value));
}

// As std::floor.
[[nodiscard]] inline double round_down(double value) {
  const double size = std::abs(value);
  const double nearest = std::copysign(detail::nearest_even(size), value);
  const double below = nearest > value ? nearest - 1 : nearest;
  return size < detail::kWhole ? below : value;
}

// As std::ceil.
[[nodiscard]] inline double round_up(double value) { return -round_down(-value); }

}  // namespace gridloom::sim
