// Tests that a restart of a home changes nothing in its physics.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "sim/test_home.h"

namespace gridloom::sim {
namespace {

// What rounding makes of steps that a restart cuts in two: a heating rod moves by 10 W.
double rounding_of(std::string_view unit) {
  if (unit == "W" || unit == "Wh" || unit == "VA") return 12;
  if (unit == "A" || unit == "%" || unit == "°C") return 1;
  return std::numeric_limits<double>::infinity();
}

// A day of each home, once in one go and once with ten restarts: the same powers, charges and
// energies, whatever people, hysteresis and clouds do.
class RestartedHome : public testing::TestWithParam<std::string_view> {};

TEST_P(RestartedHome, LivesAsIfItHadNotBeen) {
  constexpr int kBetween_min = 131;
  const TimePoint start{std::chrono::sys_days{std::chrono::April / 8 / 2025}};
  HomeBench through(GetParam(), start);
  HomeBench restarted(GetParam(), start);
  // The most that each field was apart, by device.
  std::vector<std::vector<double>> apart(through.devices().size());
  int minute = 0;
  restarted.live(1, [&] {
    through.live_a_minute();
    for (std::size_t d = 0; d < apart.size(); ++d) {
      const Fields& a = through.devices()[d].device->fields();
      const Fields& b = restarted.devices()[d].device->fields();
      apart[d].resize(a.entries().size());
      for (std::size_t f = 0; f < apart[d].size(); ++f) {
        const Slot slot = a.entries()[f].slot;
        if (!is_numeric(slot.type)) continue;
        apart[d][f] = std::max(apart[d][f], std::abs(a.si(slot) - b.si(slot)));
      }
    }
    if (++minute % kBetween_min == kBetween_min / 2) restarted.restart();
  });
  for (std::size_t d = 0; d < apart.size(); ++d) {
    const Fields& fields = through.devices()[d].device->fields();
    for (std::size_t f = 0; f < apart[d].size(); ++f) {
      const Fields::Entry& entry = fields.entries()[f];
      EXPECT_LE(apart[d][f], rounding_of(entry.field->unit))
          << through.devices()[d].name << ": " << entry.name << ' ' << entry.field->unit;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Homes, RestartedHome,
                         testing::Values("demo", "all", "balcony", "chalet", "hamburg", "metered"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace gridloom::sim
