// The rules of a time zone: when its clocks have which offset from UTC. Parses the two forms in
// which systems keep them, zone files (RFC 9636, "TZif") and rules for all years (POSIX's form of
// TZ, as "CET-1CEST,M3.5.0,M10.5.0/3"), and looks offsets up. Pure.
//
// A zone file lists the changes up to some year and may end with a rule for all later ones; files
// that list every year up to 2037 and files that list only what no rule covers mean the same here.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gridloom::time {

// Offsets of zone files are within these (RFC 9636, section 3.2).
inline constexpr std::int32_t kMinOffset_s = -25 * 3600 + 1;
inline constexpr std::int32_t kMaxOffset_s = 26 * 3600 - 1;

// The offsets of all years of one form: standard time, and mostly daylight saving time.
struct YearlyRule {
  // A local time in each year.
  struct Date {
    enum class Form : std::uint8_t {
      kWeekday,     // the `week`th `day` (0: Sunday) of `month`; week 5: the last one
      kDay,         // the `day`th of 366 days, from 0
      kDayButLeaps  // the `day`th of 365 days, from 1; February 29 is not counted
    };
    Form form = Form::kWeekday;
    unsigned month = 1;
    unsigned week = 1;
    unsigned day = 0;
    std::int32_t time_s = 2 * 3600;  // since midnight; may be negative, or over a day
  };
  struct Daylight {
    std::int32_t offset_s = 0;
    Date begin{};
    Date end{};
  };
  std::int32_t offset_s = 0;  // of standard time
  std::optional<Daylight> daylight{};
};

struct ZoneRules {
  struct Change {
    std::int64_t at_s = 0;  // since 1970, UTC
    std::int32_t offset_s = 0;
  };
  // A time in which the offset does not change.
  struct Span {
    std::int64_t begin_s = 0;
    std::int64_t end_s = 0;  // exclusive
    std::int32_t offset_s = 0;
  };

  std::int32_t first_offset_s = 0;  // before the first change
  std::vector<Change> changes;      // ascending
  std::optional<YearlyRule> rule;   // from the last change on

  // The span that contains the time. The first and the last one reach to the ends of the type.
  [[nodiscard]] Span at(std::int64_t at_s) const;
};

// kMalformed: not a zone file, cut off, or one that counts leap seconds.
[[nodiscard]] Result<ZoneRules> parse_zone_file(std::string_view bytes);
// kMalformed: not a rule.
[[nodiscard]] Result<YearlyRule> parse_yearly_rule(std::string_view text);

}  // namespace gridloom::time
