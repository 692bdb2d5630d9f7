// The days of a household's calendar: their season, whether people work, and when it is dark.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gridloom::sim::household {

// Periods of the published standard load profile.
enum class Season : std::uint8_t { kWinter, kTransition, kSummer };
inline constexpr std::size_t kSeasons = 3;
enum class DayKind : std::uint8_t { kWorkDay, kSaturday, kSunday };
inline constexpr std::size_t kDayKinds = 3;
inline constexpr std::size_t kDayHours = 24;

struct Day {
  // `number` counts days since 1970 by the site's clocks.
  explicit Day(std::int64_t number);

  std::int64_t number;
  int of_year;  // 0: the first of January
  int year;
  bool is_friday;
  Season season;
  DayKind kind;
  double winter;     // 1 in the middle of January, -1 in the middle of July
  double sunrise_h;  // by the site's clocks
  double sunset_h;

  [[nodiscard]] bool is_free() const { return kind != DayKind::kWorkDay; }
  [[nodiscard]] bool is_dark(double hour) const {
    constexpr double kMorning_h = 0.3;  // lamps stay on for so long after sunrise
    constexpr double kEvening_h = 0.4;
    return hour < sunrise_h + kMorning_h || hour > sunset_h - kEvening_h;
  }
};

}  // namespace gridloom::sim::household
