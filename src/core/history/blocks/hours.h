// Hours and quarters of an hour, counted from 1970 in UTC: the units into which history divides
// time.
#pragma once

#include <cstdint>

namespace gridloom::history {

inline constexpr std::int64_t kHour_ms = 3'600'000;
inline constexpr std::int64_t kQuarter_ms = kHour_ms / 4;

// Rounds down, also before 1970.
[[nodiscard]] constexpr std::int64_t hour_of(std::int64_t at_ms) {
  return at_ms >= 0 ? at_ms / kHour_ms : (at_ms + 1) / kHour_ms - 1;
}

}  // namespace gridloom::history
