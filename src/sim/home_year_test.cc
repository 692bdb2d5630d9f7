// Shipped homes add up in every step: each device by the identities of its family, each site by
// what its meter saw of the others in that step. Ten days; a year with GL_LONG in the environment.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "sim/models/test_invariants.h"
#include "sim/test_home.h"

namespace gridloom::sim {
namespace {

constexpr TimePoint kMay{std::chrono::sys_days{std::chrono::May / 5 / 2025}};

class EachHome : public testing::TestWithParam<std::string_view> {};

// What the other devices of the site drew, on its AC and its DC side.
struct Drawn {
  double ac_w = 0;
  double dc_w = 0;
};
Drawn others_of(const HomeBench& home, const HomeBench::Device& last) {
  Drawn drawn;
  for (const HomeBench::Device& device : home.devices()) {
    if (device.site != last.site || &device == &last) continue;
    (device.plug == catalog::Plug::kDc ? drawn.dc_w : drawn.ac_w) += device.device->drawn_w();
  }
  return drawn;
}

// The identities are those of a device that supplies its home alone. What others feed in behind a
// meter is not in its load, and a unit of a system does not see the grid.
bool has_identities(const HomeBench& home, const HomeBench::Device& device) {
  if (device.plug == catalog::Plug::kUnit) return false;
  return device.plug != catalog::Plug::kMeter ||
         std::ranges::count(home.devices(), device.site, &HomeBench::Device::site) == 1;
}

TEST_P(EachHome, AddsUpInEveryStep) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
  const int days = std::getenv("GL_LONG") != nullptr ? 365 : 10;
  HomeBench home(GetParam(), kMay);
  std::vector<Invariants> identities;
  for (const HomeBench::Device& device : home.devices()) {
    identities.push_back(invariants_of(device.device->virtual_family().table));
  }
  std::size_t steps = 0;
  home.live(days, [&] {
    if (HasFatalFailure()) return;
    ++steps;
    for (std::size_t k = 0; k < home.devices().size(); ++k) {
      const HomeBench::Device& device = home.devices()[k];
      const Environment seen = home.environment(device);
      if (has_identities(home, device)) {
        const auto broken = identities[k].broken(device.device->fields(), seen);
        ASSERT_FALSE(broken) << device.name << ", step " << steps << ' ' << broken.value_or("");
      }
      if (!steps_last(device.plug)) continue;
      const Drawn others = others_of(home, device);
      ASSERT_NEAR(seen.others_ac_w, others.ac_w, 1e-9) << device.name << ", step " << steps;
      ASSERT_NEAR(seen.others_dc_w.value_or(0), others.dc_w, 1e-9) << device.name;
    }
  });
  EXPECT_EQ(steps, static_cast<std::size_t>(days) * 24 * 60);
}

INSTANTIATE_TEST_SUITE_P(HomeYear, EachHome, testing::Values("all", "balcony", "hamburg", "metered"),
                         [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace gridloom::sim
