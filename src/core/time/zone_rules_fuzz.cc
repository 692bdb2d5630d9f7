// Fuzzes zone files and rules: no bytes crash, and what is read has an offset at every
// time, and a first time for everything that clocks show.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "time/time_zone.h"
#include "time/zone_rules.h"

namespace {

namespace time_room = gridloom::time;

void check(bool good) {
  if (!good) std::abort();
}

void look_around(const time_room::ZoneRules& rules) {
  const time_room::TimeZone zone(rules);
  std::int64_t at_s = -4'000'000'000;
  for (int i = 0; i < 64 && at_s < 8'000'000'000; ++i) {
    const time_room::ZoneRules::Span span = rules.at(at_s);
    check(span.begin_s <= at_s && at_s < span.end_s);
    const gridloom::TimePoint at{std::chrono::seconds(at_s)};
    static_cast<void>(zone.to_utc(zone.to_local(at)));
    check(zone.first_at(zone.to_local(at)) <= at);
    at_s = span.end_s;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMax = 8192;
  if (size > kMax) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto rules = time_room::parse_zone_file(bytes)) look_around(*rules);
  if (const auto rule = time_room::parse_yearly_rule(bytes)) {
    look_around({.first_offset_s = rule->offset_s, .changes = {}, .rule = *rule});
  }
  return 0;
}
