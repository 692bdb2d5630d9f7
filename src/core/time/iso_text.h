// Times as text in the form of ISO 8601 and RFC 3339, in and out. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "time/time_zone.h"

namespace gridloom::time {

// Times of other years than 0 to 9999 are written as a number of milliseconds: "-1 ms".

// "2026-11-01T00:00:00+01:00"
[[nodiscard]] std::string iso_text(std::int64_t at_ms, const TimeZone& zone);

enum class Fraction : std::uint8_t { kUnlessZero, kAlways };
// Appends "2026-11-01T00:00:00Z" or "2026-11-01T00:00:00.125Z".
void append_utc(std::string& out, std::int64_t at_ms, Fraction fraction = Fraction::kUnlessZero);

// The local time in the zone: "2026-11-20 14:05:30".
[[nodiscard]] std::string clock_text(TimePoint at, const TimeZone& zone);

struct IsoTime {
  LocalTime local;                             // as written
  std::optional<std::chrono::seconds> offset;  // from UTC, if it is written; Z is 0
};
// Parses "2026-11-01", "2026-11-01T12:00:00", and everything between; a blank may stand for the T,
// and a fraction of a second and an offset may follow (.125, Z, +01:00, -0530, or " 01:00", which
// is what a '+' in a URL becomes). A date may have a Z as well. Digits after milliseconds are
// dropped. None: anything else, and days and times that do not exist in the calendar.
[[nodiscard]] std::optional<IsoTime> parse_iso(std::string_view text);

}  // namespace gridloom::time
