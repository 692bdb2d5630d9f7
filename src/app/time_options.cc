#include "app/time_options.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "app/operations/time.h"
#include "time/grammar.h"
#include "time/iso_text.h"

namespace gridloom::app {

Result<TimeOptions> time_options(const ServeOptions& options, const time::Now& now) {
  const bool is_real =
      options.speed == 1 && options.start.empty() && options.until.empty() && !options.paused;
  if (is_real) return std::nullopt;
  GL_TRY(operations::check_speed(options.speed, "--speed"));
  VirtualClock::Options made{
      .start = now.at, .speed = options.speed, .until = {}, .paused = options.paused};
  const auto read = [&](std::string_view option, const std::string& text, TimePoint from) {
    return time::parse_time(text, {.name = option,
                                   .now = {.at = from, .zone = now.zone},
                                   .relative = time::TimeOptions::Relative::kAny});
  };
  if (!options.start.empty()) {
    GL_TRY(const auto start, read("--start", options.start, now.at));
    made.start = start;
  }
  if (!options.until.empty()) {
    GL_TRY(const auto until, read("--until", options.until, made.start));
    if (until <= made.start) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("--until {}: must be after the start, {}", options.until,
                              time::clock_text(made.start, now.zone)));
    }
    made.until = until;
  }
  return made;
}

}  // namespace gridloom::app
