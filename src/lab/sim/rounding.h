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
// The number below a half. Added before the fraction is cut off, it rounds up from exactly a half.
inline constexpr double kAlmostHalf = 0x1.fffffffffffffp-2;

[[nodiscard]] inline double cut_off(double value) {
  return static_cast<double>(static_cast<std::int64_t>(value));
}

}  // namespace detail

// As std::llround; the result must fit.
[[nodiscard]] inline std::int64_t round_to_int64(double value) {
  return static_cast<std::int64_t>(value + std::copysign(detail::kAlmostHalf, value));
}

// As std::round: halves away from zero.
[[nodiscard]] inline double round_half_away(double value) {
  if (!(std::abs(value) < detail::kWhole)) return value;  // nor a NaN
  return std::copysign(static_cast<double>(round_to_int64(value)), value);
}

// As std::floor.
[[nodiscard]] inline double round_down(double value) {
  if (!(std::abs(value) < detail::kWhole)) return value;  // nor a NaN
  const double cut = detail::cut_off(value);
  return std::copysign(cut > value ? cut - 1 : cut, value);
}

// As std::ceil.
[[nodiscard]] inline double round_up(double value) { return -round_down(-value); }

[[nodiscard]] inline std::int64_t to_mw(double power_w) { return round_to_int64(power_w * 1000); }
[[nodiscard]] inline double to_w(std::int64_t power_mw) {
  return static_cast<double>(power_mw) / 1000;
}

}  // namespace gridloom::sim
