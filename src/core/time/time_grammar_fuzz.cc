// Fuzzes spans and times: no text crashes, what is accepted is within the limits and is read again
// as it is written, and what is refused is explained.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "time/grammar.h"
#include "time/iso_text.h"

namespace {

namespace time_room = gridloom::time;
using gridloom::Millis;
using gridloom::TimePoint;
using time_room::TimeOptions;

void check(bool good) {
  if (!good) std::abort();
}

const time_room::TimeZone& zone() {
  static const auto kZone = time_room::TimeZone::find("CET-1CEST,M3.5.0,M10.5.0/3");
  return *kZone;
}

void try_span(std::string_view text) {
  const auto span = time_room::parse_span(text, {.name = "fuzzed", .least = Millis{0}});
  if (!span) return check(!span.error().detail.empty());
  check(*span >= Millis(0) && *span <= time_room::kLongestSpan);
  check(time_room::parse_span(time_room::span_text(*span), {.least = Millis{0}}) == *span);
}

void try_time(std::string_view text, const TimeOptions& options) {
  const auto at = time_room::parse_time(text, options);
  if (!at) return check(!at.error().detail.empty());
  check(*at >= options.earliest && *at <= options.latest);
  std::string written;
  time_room::append_utc(written, gridloom::unix_ms(*at));
  check(time_room::parse_time(written, options) == *at);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMax = 256;
  if (size > kMax) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_span(text);
  for (const auto relative :
       {TimeOptions::Relative::kNone, TimeOptions::Relative::kPast, TimeOptions::Relative::kAny}) {
    for (const bool takes_unix_ms : {false, true}) {
      try_time(text, {.name = "fuzzed",
                      .now = {.at = TimePoint(Millis(1'700'000'000'000)), .zone = zone()},
                      .relative = relative,
                      .takes_unix_ms = takes_unix_ms});
    }
  }
  return 0;
}
