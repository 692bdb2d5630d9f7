// Parses and formats points in time and spans for the command line.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace gridloom::app {

// Parses "now"; "-7d", "-36h", "-15m", "-30s" (that long before `now`), and "+7d" (after it);
// "2026-11-20", "2026-11-20 14:05", "2026-11-20T14:05:30" in local time, or in UTC with a trailing
// Z. kBadParams: none of these.
[[nodiscard]] Result<TimePoint> parse_when(std::string_view text, TimePoint now);

// Parses "7d", "36h", "15m", "30s"; zero is not allowed. kBadParams: none of these.
[[nodiscard]] Result<Millis> parse_span(std::string_view text);
inline constexpr Millis kLongestSpan = std::chrono::days(1'000'000);

// Formats local time: "2026-11-20 14:05:30".
[[nodiscard]] std::string local_text(TimePoint at);
[[nodiscard]] std::string utc_text(TimePoint at);

}  // namespace gridloom::app
