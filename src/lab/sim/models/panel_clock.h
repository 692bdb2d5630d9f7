// The Smart Home Panel's clock: times in the form of its messages.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::sim::panel {

// Year, month, day, hour, minute, second; in this order, stamps compare as times do.
using Stamp = std::array<std::int64_t, 6>;
inline constexpr std::array<std::string_view, 6> kStampNames = {"year", "month", "day",
                                                                "hour", "min",   "sec"};

[[nodiscard]] Stamp stamp_of(time::LocalTime time);
// Missing members are 0.
[[nodiscard]] Stamp stamp_of(const wire::Json& time);

[[nodiscard]] std::chrono::year_month_day date_of(const Stamp& stamp);

// 1 is Monday; 0 if there is no such day.
[[nodiscard]] std::int64_t iso_weekday(const Stamp& stamp);

}  // namespace gridloom::sim::panel
