#include "sim/household/calendar.h"

#include <chrono>
#include <cmath>
#include <numbers>

namespace gridloom::sim::household {
namespace {

namespace chrono = std::chrono;

constexpr double kYear_d = 365;
constexpr int kWinterEnds = 79;        // 21 March
constexpr int kSummerBegins = 134;     // 15 May
constexpr int kSummerEnds = 257;       // 15 September
constexpr int kWinterBegins = 304;     // 1 November
constexpr double kLongestNight = -10;  // day of the year

Season season_of(int day_of_year) {
  if (day_of_year < kWinterEnds || day_of_year >= kWinterBegins) return Season::kWinter;
  const bool summer = day_of_year >= kSummerBegins && day_of_year < kSummerEnds;
  return summer ? Season::kSummer : Season::kTransition;
}

double yearly_wave(double day, double peak) {
  return std::cos(2 * std::numbers::pi * (day - peak) / kYear_d);
}

}  // namespace

Day::Day(std::int64_t day_number) : number(day_number) {
  const chrono::local_days at{chrono::days{day_number}};
  const chrono::year_month_day date{at};
  const chrono::local_days first{date.year() / chrono::January / 1};
  const chrono::weekday weekday{at};
  year = static_cast<int>(date.year());
  of_year = static_cast<int>((at - first).count());
  is_friday = weekday == chrono::Friday;
  season = season_of(of_year);
  kind = weekday == chrono::Saturday ? DayKind::kSaturday
         : weekday == chrono::Sunday ? DayKind::kSunday
                                     : DayKind::kWorkDay;
  winter = yearly_wave(of_year, 15);
  const double half_day_h = 6 - 2.02 * yearly_wave(of_year, kLongestNight);
  sunrise_h = 12 - half_day_h;
  sunset_h = 12 + half_day_h;
}

}  // namespace gridloom::sim::household
