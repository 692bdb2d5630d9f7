#include "time/time_zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include "base/read_file.h"

namespace gridloom::time {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr std::size_t kMaxFile = std::size_t{1} << 20U;  // bytes; real ones have a few thousand
constexpr std::size_t kMaxShown = 60;                    // characters of an unknown name

std::int64_t seconds_of(Millis since_1970) {
  return std::chrono::floor<seconds>(since_1970).count();
}

// A local time that the clocks skip has two answers.
struct Resolved {
  std::int64_t shifted_s = 0;  // as if the clocks had not been put forward
  std::int64_t first_s = 0;    // when they were
};

Resolved resolve(const ZoneRules& rules, std::int64_t local_s) {
  // In the first span the clocks do not show a later time than `local_s` yet.
  ZoneRules::Span span = rules.at(local_s - kMaxOffset_s);
  std::int32_t before_s = span.offset_s;
  for (;;) {
    const std::int64_t at_s = local_s - span.offset_s;
    if (at_s < span.begin_s) return {.shifted_s = local_s - before_s, .first_s = span.begin_s};
    if (at_s < span.end_s) return {.shifted_s = at_s, .first_s = at_s};
    before_s = span.offset_s;
    span = rules.at(span.end_s);
  }
}

// A name of letters, digits and _+-, in folders; it leads nowhere else.
bool is_name_of_file(std::string_view name) {
  const bool plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-' || c == '/';
  });
  return plain && !name.empty() && !name.starts_with('/');
}

}  // namespace

Result<TimeZone> TimeZone::find(std::string_view name, const fs::path& folder) {
  if (name == "UTC") return TimeZone();
  std::error_code ignored;
  if (is_name_of_file(name)) {
    const fs::path file = folder / fs::path(name);
    if (fs::is_regular_file(file, ignored)) return read(file);
  }
  if (const auto rule = parse_yearly_rule(name)) {
    return TimeZone(ZoneRules{.first_offset_s = rule->offset_s, .changes = {}, .rule = *rule});
  }
  return fail(
      ErrorCode::kNotFound,
      fmt::format("time zone is {:?}: must be UTC, the name of a file in {} such as Europe/Berlin, "
                  "or a rule such as CET-1CEST,M3.5.0,M10.5.0/3",
                  name.substr(0, kMaxShown), folder.string()));
}

Result<TimeZone> TimeZone::read(const fs::path& file) {
  GL_TRY(const auto bytes, read_file(file, kMaxFile));
  auto rules = parse_zone_file(bytes);
  if (rules) return TimeZone(std::move(*rules));
  return fail(rules.error().code, fmt::format("{} {}", file.string(), rules.error().detail));
}

seconds TimeZone::offset_at(TimePoint at) const {
  return seconds(rules_ ? rules_->at(seconds_of(at.time_since_epoch())).offset_s : 0);
}

TimePoint TimeZone::to_utc(LocalTime local) const {
  const Millis since_1970 = local.time_since_epoch();
  if (!rules_) return TimePoint(since_1970);
  const std::int64_t local_s = seconds_of(since_1970);
  return TimePoint(since_1970 + seconds(resolve(*rules_, local_s).shifted_s - local_s));
}

TimePoint TimeZone::first_at(LocalTime local) const {
  const Millis since_1970 = local.time_since_epoch();
  if (!rules_) return TimePoint(since_1970);
  const std::int64_t local_s = seconds_of(since_1970);
  const Resolved resolved = resolve(*rules_, local_s);
  // Fractions of a second belong to times that exist.
  if (resolved.first_s != resolved.shifted_s) return TimePoint(seconds(resolved.first_s));
  return TimePoint(since_1970 + seconds(resolved.first_s - local_s));
}

}  // namespace gridloom::time
