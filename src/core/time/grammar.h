// The one grammar of spans and the one grammar of times: of the command line, HTTP, scenarios and
// recordings. docs/user/times.md describes both for users.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "time/time_zone.h"

namespace gridloom::time {

inline constexpr Millis kLongestSpan = std::chrono::days(1'000'000);

struct SpanOptions {
  std::string_view name{};  // of the option or parameter, for the error
  Millis least{1};
  Millis most = kLongestSpan;
};
// Parses a whole number and a unit: "250ms", "30s", "15m" or "15min", "2h", "7d", "1w". kBadParams:
// the detail has the name, the text and what would be valid.
[[nodiscard]] Result<Millis> parse_span(std::string_view text, const SpanOptions& options);

// The shortest form of the span: "10s", "15m", "1h", "1d", "1w".
[[nodiscard]] std::string span_text(Millis span);

// The two largest of days, hours, minutes and seconds that the span has: "2d 6h", "3h", "1m 30s".
// Less than a second, and a negative span, is "0s".
[[nodiscard]] std::string rounded_span_text(Millis span);

struct TimeOptions {
  enum class Relative : std::uint8_t {
    kNone,
    kPast,  // "now", "-7d", "today" and "yesterday"
    kAny    // "+7d" as well
  };
  std::string_view name{};  // of the option or parameter, for the error
  Now now{};                // for relative times, and the zone of times without an offset
  Relative relative = Relative::kPast;
  bool takes_unix_ms = false;  // "1700000000000" as well
  TimePoint earliest{Millis{0}};
  TimePoint latest{Millis{253'402'300'799'000}};  // the end of the year 9999
};
// Parses a time in ISO 8601 (see parse_iso()), whose date may be written "24.11.2026", or one of
// the forms that the options allow.
// kBadParams: the detail has the name, the text and what would be valid.
[[nodiscard]] Result<TimePoint> parse_time(std::string_view text, const TimeOptions& options);

}  // namespace gridloom::time
