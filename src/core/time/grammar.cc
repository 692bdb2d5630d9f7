#include "time/grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <system_error>

#include "time/calendar.h"
#include "time/iso_text.h"

namespace gridloom::time {
namespace {

using Relative = TimeOptions::Relative;

constexpr std::size_t kMaxShown = 60;  // characters of a wrong text

struct Unit {
  std::string_view name;
  Millis length;
};
// span_text() writes the first of two equal units.
constexpr std::array<Unit, 7> kUnits = {{{"w", std::chrono::weeks(1)},
                                         {"d", std::chrono::days(1)},
                                         {"h", std::chrono::hours(1)},
                                         {"m", std::chrono::minutes(1)},
                                         {"min", std::chrono::minutes(1)},
                                         {"s", std::chrono::seconds(1)},
                                         {"ms", Millis(1)}}};

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || text.front() == '-' || error != std::errc{} || stopped != end) return {};
  return value;
}

// None: not a span, or longer than the longest.
std::optional<Millis> span_of(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = whole_number(text.substr(0, digits));
  const auto* const unit = std::ranges::find(kUnits, text.substr(digits), &Unit::name);
  if (!count || unit == kUnits.end() || *count > kLongestSpan / unit->length) return std::nullopt;
  return *count * unit->length;
}

// "2026-11-24 14:05" of "24.11.2026 14:05"; any other text is returned as it is.
std::string with_iso_date(std::string_view text) {
  constexpr std::size_t kDate = 10;  // characters
  const bool is_dotted = text.size() >= kDate && text[2] == '.' && text[5] == '.' &&
                         text.substr(0, kDate).find_first_not_of("0123456789.") == text.npos;
  if (!is_dotted) return std::string(text);
  return fmt::format("{}-{}-{}{}", text.substr(6, 4), text.substr(3, 2), text.substr(0, 2),
                     text.substr(kDate));
}

// The begin of today or yesterday, in local time.
std::optional<TimePoint> day_named(std::string_view text, const Now& now) {
  const bool is_yesterday = text == "yesterday";
  if (!is_yesterday && text != "today") return std::nullopt;
  const std::chrono::local_days day =
      day_of(unix_ms(now.at), now.zone) - std::chrono::days(is_yesterday ? 1 : 0);
  return TimePoint(Millis(begin_of(day, now.zone)));
}

std::optional<TimePoint> time_of(std::string_view text, const TimeOptions& options) {
  const bool is_relative = options.relative != Relative::kNone;
  if (is_relative && text == "now") return options.now.at;
  if (const auto day = day_named(text, options.now); is_relative && day) return day;
  const bool is_past = text.starts_with('-');
  if (is_past || text.starts_with('+')) {
    const auto span = span_of(text.substr(1));
    if (!span || !is_relative || (!is_past && options.relative != Relative::kAny)) return {};
    return is_past ? options.now.at - *span : options.now.at + *span;
  }
  if (options.takes_unix_ms && !text.contains('-') && !text.contains('.')) {
    const auto ms = whole_number(text);
    return ms ? std::optional(TimePoint(Millis(*ms))) : std::nullopt;
  }
  const auto iso = parse_iso(with_iso_date(text));
  if (!iso) return std::nullopt;
  if (iso->offset) return TimePoint(iso->local.time_since_epoch() - *iso->offset);
  return options.now.zone.to_utc(iso->local);
}

// Describes the valid times, for an error message.
std::string valid_times(const TimeOptions& options) {
  std::string text =
      "must be a time in ISO 8601 (2026-11-01T00:00:00Z, 2026-11-01 14:05 or 2026-11-01; without Z "
      "or an offset such as +01:00 it is local time), a date such as 01.11.2026";
  if (options.takes_unix_ms) text += ", milliseconds since 1970 (1700000000000)";
  if (options.relative != Relative::kNone)
    text += ", a time before now (-90m, -12h, -7d, -4w), today, yesterday";
  if (options.relative == Relative::kAny) text += ", a time after now (+7d)";
  if (options.relative != Relative::kNone) text += ", or now";
  return text;
}

std::unexpected<Error> wrong(std::string_view name, std::string_view text, std::string_view valid) {
  return fail(ErrorCode::kBadParams,
              fmt::format("{} is {:?}: {}", name, text.substr(0, kMaxShown), valid));
}

}  // namespace

Result<Millis> parse_span(std::string_view text, const SpanOptions& options) {
  const auto span = span_of(text);
  if (!span) {
    return wrong(options.name, text,
                 "must be a span of time: a number and a unit, such as 250ms, 30s, 15m, 2h, 7d or "
                 "1w");
  }
  if (*span >= options.least && *span <= options.most) return *span;
  return wrong(options.name, text,
               fmt::format("must be a span of time from {} to {}", span_text(options.least),
                           span_text(options.most)));
}

std::string span_text(Millis span) {
  for (const Unit& unit : kUnits) {
    if (span >= unit.length && span % unit.length == Millis(0)) {
      return fmt::format("{}{}", span / unit.length, unit.name);
    }
  }
  return fmt::format("{}ms", span.count());
}

std::string rounded_span_text(Millis span) {
  std::string text;
  int parts = 0;
  for (const Millis length : {Millis(std::chrono::days(1)), Millis(std::chrono::hours(1)),
                              Millis(std::chrono::minutes(1)), Millis(std::chrono::seconds(1))}) {
    if (span < length || parts == 2) continue;
    const Millis whole = span / length * length;
    const auto* const unit = std::ranges::find(kUnits, length, &Unit::length);
    text += fmt::format("{}{}{}", parts == 0 ? "" : " ", whole / length, unit->name);
    span -= whole;
    ++parts;
  }
  return parts == 0 ? "0s" : text;
}

Result<TimePoint> parse_time(std::string_view text, const TimeOptions& options) {
  const auto at = time_of(text, options);
  if (!at) return wrong(options.name, text, valid_times(options));
  if (*at >= options.earliest && *at <= options.latest) return *at;
  std::string valid = "must be a time from ";
  append_utc(valid, unix_ms(options.earliest));
  valid += " to ";
  append_utc(valid, unix_ms(options.latest));
  return wrong(options.name, text, valid);
}

}  // namespace gridloom::time
