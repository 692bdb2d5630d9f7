#include "sim/models/panel_clock.h"

#include <cstddef>

#include "sim/models/panel_json.h"

namespace gridloom::sim::panel {

namespace chrono = std::chrono;

Stamp stamp_of(time::LocalTime time) {
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date{day};
  const chrono::hh_mm_ss<Millis> clock{time - day};
  return {static_cast<int>(date.year()),     static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()), clock.hours().count(),
          clock.minutes().count(),           clock.seconds().count()};
}

Stamp stamp_of(const wire::Json& time) {
  Stamp stamp{};
  for (std::size_t i = 0; i < stamp.size(); ++i) stamp.at(i) = integer(time, kStampNames.at(i));
  return stamp;
}

chrono::year_month_day date_of(const Stamp& stamp) {
  return {chrono::year{static_cast<int>(stamp[0])}, chrono::month{static_cast<unsigned>(stamp[1])},
          chrono::day{static_cast<unsigned>(stamp[2])}};
}

std::int64_t iso_weekday(const Stamp& stamp) {
  const auto date = date_of(stamp);
  return date.ok() ? chrono::weekday{chrono::sys_days{date}}.iso_encoding() : 0;
}

}  // namespace gridloom::sim::panel
