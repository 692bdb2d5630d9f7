#include "app/when.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ctime>
#include <optional>
#include <utility>

namespace gridloom::app {
namespace {

std::optional<Millis> span_of(std::string_view text) {
  constexpr std::array<std::pair<char, std::int64_t>, 4> kUnits = {
      {{'s', 1000}, {'m', 60'000}, {'h', 3'600'000}, {'d', 86'400'000}}};
  constexpr std::int64_t kMost = 1'000'000;
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || count < 0 || count > kMost) return std::nullopt;
  if (end + 1 != text.data() + text.size()) return std::nullopt;
  for (const auto& [unit, ms] : kUnits) {
    if (unit == *end) return Millis(count * ms);
  }
  return std::nullopt;
}

// Rejects dates that do not exist: mktime() would turn February 30 into March.
std::optional<TimePoint> point_of(const std::tm& wanted, bool utc) {
  std::tm made = wanted;
  const std::time_t seconds = utc ? ::timegm(&made) : ::mktime(&made);
  const bool same = made.tm_mday == wanted.tm_mday && made.tm_mon == wanted.tm_mon &&
                    made.tm_min == wanted.tm_min && made.tm_sec == wanted.tm_sec;
  if (!same) return std::nullopt;
  return TimePoint(Millis(std::int64_t{1000} * seconds));
}

std::optional<TimePoint> date_of(std::string_view text) {
  const bool utc = text.ends_with('Z');
  if (utc) text.remove_suffix(1);
  std::string whole(text);
  if (whole.size() > 10 && whole[10] == 'T') whole[10] = ' ';
  for (const char* form : {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    std::tm parsed{};
    parsed.tm_isdst = -1;
    const char* end = ::strptime(whole.c_str(), form, &parsed);
    if (end != nullptr && *end == '\0') return point_of(parsed, utc);
  }
  return std::nullopt;
}

}  // namespace

Result<TimePoint> parse_when(std::string_view text, TimePoint now) {
  if (text == "now") return now;
  if (text.starts_with('-')) {
    if (const auto span = span_of(text.substr(1))) return now - *span;
  } else if (text.starts_with('+')) {
    if (const auto span = span_of(text.substr(1))) return now + *span;
  } else if (const auto date = date_of(text)) {
    return *date;
  }
  return fail(
      ErrorCode::kBadParams,
      fmt::format("{}: a time is now, -7d or +7d (or h, m, s), or 2026-11-20 14:05:30", text));
}

Result<Millis> parse_span(std::string_view text) {
  const auto span = span_of(text);
  if (span && *span > Millis(0)) return *span;
  return fail(ErrorCode::kBadParams, fmt::format("{}: a span is 15m, or 7d, 36h, 30s", text));
}

namespace {

std::string text_of(TimePoint at, std::tm* (*parts_of)(const std::time_t*, std::tm*)) {
  const std::time_t seconds =
      std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(at));
  std::tm parts{};
  parts_of(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return {text.data(), size};
}

}  // namespace

std::string local_text(TimePoint at) { return text_of(at, ::localtime_r); }

std::string utc_text(TimePoint at) { return text_of(at, ::gmtime_r); }

}  // namespace gridloom::app
