#include "time/calendar.h"

#include <algorithm>

namespace gridloom::time {
namespace {

namespace chrono = std::chrono;
using chrono::days;
using chrono::local_days;
using chrono::year_month_day;

constexpr std::int64_t kSecond_ms = 1000;
constexpr std::int64_t kHour_s = 3600;
constexpr std::int64_t kQuarter_s = 900;  // no clock change of today is smaller

std::int64_t floored(std::int64_t value, std::int64_t step) {
  const std::int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

// The local time of the zone, in seconds since local 1970-01-01.
std::int64_t local_s(std::int64_t at_s, const TimeZone& zone) {
  const TimePoint at{Millis(at_s * kSecond_ms)};
  return chrono::floor<chrono::seconds>(zone.to_local(at)).time_since_epoch().count();
}

// Clocks may change by half an hour: then an hour on the clock is half an hour longer or shorter.
bool begins_hour(std::int64_t at_s, const TimeZone& zone) {
  const std::int64_t hour = floored(local_s(at_s, zone), kHour_s);
  return local_s(at_s, zone) - hour < 60 ||
         hour != floored(local_s(at_s - kQuarter_s, zone), kHour_s);
}

std::int64_t hour_at(std::int64_t at_ms, const TimeZone& zone) {
  const std::int64_t at_s = floored(at_ms, kSecond_ms) / kSecond_ms;
  const std::int64_t shown_s = local_s(at_s, zone);
  std::int64_t begin_s = at_s - (shown_s - floored(shown_s, kQuarter_s));
  while (!begins_hour(begin_s, zone)) begin_s -= kQuarter_s;
  return begin_s * kSecond_ms;
}

std::int64_t hour_after(std::int64_t at_ms, const TimeZone& zone) {
  std::int64_t begin_s = hour_at(at_ms, zone) / kSecond_ms + kQuarter_s;
  while (!begins_hour(begin_s, zone)) begin_s += kQuarter_s;
  return begin_s * kSecond_ms;
}

local_days monday_of(local_days day) { return day - (chrono::weekday(day) - chrono::Monday); }

local_days first_of_month(const year_month_day& date) {
  return local_days(date.year() / date.month() / 1);
}

local_days first_of_year(const year_month_day& date) {
  return local_days(date.year() / chrono::January / 1);
}

}  // namespace

local_days day_of(std::int64_t at_ms, const TimeZone& zone) {
  // The date on the clocks, but where they were put back or forward over midnight.
  local_days day = chrono::floor<days>(zone.to_local(TimePoint(Millis(at_ms))));
  while (begin_of(day, zone) > at_ms) day -= days(1);
  while (begin_of(day + days(1), zone) <= at_ms) day += days(1);
  return day;
}

std::int64_t begin_of(local_days day, const TimeZone& zone) {
  return unix_ms(zone.first_at(LocalTime(day)));
}

std::int64_t begin_of(Step step, std::int64_t at_ms, const TimeZone& zone) {
  if (step == Step::kHour) return hour_at(at_ms, zone);
  const local_days day = day_of(at_ms, zone);
  switch (step) {
    case Step::kHour:
    case Step::kDay:
      return begin_of(day, zone);
    case Step::kWeek:
      return begin_of(monday_of(day), zone);
    case Step::kMonth:
      return begin_of(first_of_month(year_month_day(day)), zone);
    case Step::kYear:
      return begin_of(first_of_year(year_month_day(day)), zone);
  }
  return at_ms;
}

std::int64_t begin_after(Step step, std::int64_t at_ms, const TimeZone& zone) {
  if (step == Step::kHour) return hour_after(at_ms, zone);
  const local_days day = day_of(at_ms, zone);
  const year_month_day date(day);
  switch (step) {
    case Step::kHour:
    case Step::kDay:
      return begin_of(day + days(1), zone);
    case Step::kWeek:
      return begin_of(monday_of(day) + days(7), zone);
    case Step::kMonth:
      return begin_of(first_of_month(date + chrono::months(1)), zone);
    case Step::kYear:
      return begin_of(first_of_year(date + chrono::years(1)), zone);
  }
  return at_ms;
}

std::vector<std::int64_t> bounds(Step step, const Range& range, const TimeZone& zone,
                                 std::size_t most) {
  std::vector<std::int64_t> all = {range.from_ms};
  for (std::int64_t at = range.from_ms; at < range.to_ms && all.size() <= most;) {
    at = std::min(begin_after(step, at, zone), range.to_ms);
    all.push_back(at);
  }
  return all;
}

}  // namespace gridloom::time
