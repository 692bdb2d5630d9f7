#include "app/time_options.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "operations/time.h"
#include "time/grammar.h"
#include "time/iso_text.h"

namespace gridloom::app {

Result<TimeOptions> time_options(const ServeOptions& options, const time::Now& now) {
  const bool is_real =
      options.speed == 1 && options.start.empty() && options.until.empty() && !options.paused;
  if (is_real) return std::nullopt;
  if (Status checked = operations::check_speed(options.speed, "--speed"); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  VirtualClock::Options made{
      .start = now.at, .speed = options.speed, .until = {}, .paused = options.paused};
  const auto read = [&](std::string_view option, const std::string& text, TimePoint from) {
    return time::parse_time(text, {.name = option,
                                   .now = {.at = from, .zone = now.zone},
                                   .relative = time::TimeOptions::Relative::kAny});
  };
  if (!options.start.empty()) {
    const auto start = read("--start", options.start, now.at);
    if (!start) return std::unexpected(start.error());
    made.start = *start;
  }
  if (!options.until.empty()) {
    const auto until = read("--until", options.until, made.start);
    if (!until) return std::unexpected(until.error());
    if (*until <= made.start) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("--until {}: must be after the start, {}", options.until,
                              time::clock_text(made.start, now.zone)));
    }
    made.until = *until;
  }
  return made;
}

}  // namespace gridloom::app
