// Shipped homes add up in every step: each device by the identities of its family, each site by
// what its meter saw of the others in that step. Four days; a year with GL_LONG in the environment.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "catalog/site_meter.h"
#include "sim/models/test_invariants.h"
#include "sim/test_home.h"
#include "testing/long_runs.h"

namespace gridloom::sim {
namespace {

constexpr TimePoint kMay{std::chrono::sys_days{std::chrono::May / 5 / 2025}};

class EachHome : public testing::TestWithParam<std::string_view> {};

bool is_household_meter(const HomeBench::Device& device) {
  return device.plug == catalog::Plug::kMeter && catalog::measures_only(device.device->family());
}

// The other device that is plugged in as the site's meter; nullptr: there is none.
const HomeBench::Device* beside(const HomeBench& home, const HomeBench::Device& meter) {
  const auto found = std::ranges::find_if(home.devices(), [&](const HomeBench::Device& each) {
    return &each != &meter && each.site == meter.site && each.plug == catalog::Plug::kMeter &&
           meter.plug == catalog::Plug::kMeter;
  });
  return found == home.devices().end() ? nullptr : &*found;
}

// What the other devices of the site drew, on its AC and its DC side.
struct Drawn {
  double ac_w = 0;
  double dc_w = 0;
};
// All that the site draws passes the device that regulates its connection, where there is one: a
// household meter sees that device alone.
Drawn others_of(const HomeBench& home, const HomeBench::Device& last) {
  if (const HomeBench::Device* const regulator = beside(home, last)) {
    return {.ac_w = regulator->device->drawn_w()};
  }
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
  const int days = runs_long() ? 365 : 4;
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
      const bool steps_before = !is_household_meter(device) && beside(home, device) != nullptr;
      if (!steps_last(device.plug) || steps_before) continue;
      const Drawn others = others_of(home, device);
      ASSERT_NEAR(seen.others_ac_w, others.ac_w, 1e-9) << device.name << ", step " << steps;
      ASSERT_NEAR(seen.others_dc_w.value_or(0), others.dc_w, 1e-9) << device.name;
    }
  });
  EXPECT_EQ(steps, static_cast<std::size_t>(days) * 24 * 60);
}

INSTANTIATE_TEST_SUITE_P(LongHomeYear, EachHome,
                         testing::Values("all", "balcony", "chalet", "hamburg", "metered"),
                         [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace gridloom::sim
