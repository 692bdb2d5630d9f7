// A home whose STREAM has the power of the site from a household meter: both show one connection to
// the grid, and the home adds up to 0 W.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "sim/test_home.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace {

constexpr TimePoint kMonday{std::chrono::sys_days{std::chrono::June / 16 / 2025}};

struct MeteredHome : testing::Test {
  HomeBench home{"metered", kMonday};
  const VirtualDevice& storage = home.device("Balcony storage");
  const VirtualDevice& meter = home.device("Household meter");

  [[nodiscard]] double of_storage(std::string_view field) const {
    return storage.fields().number(field);
  }
  [[nodiscard]] double of_meter(std::string_view field) const {
    return meter.fields().number(field);
  }
};

TEST_F(MeteredHome, AddsUpToNothing) {
  double most_w = 0;
  double least_w = 0;
  home.live(3, [&] {
    if (HasFailure()) return;
    const double grid_w = of_meter("powGetSysGrid");
    const double rest_w = of_storage("powGetPvSum") + grid_w - of_storage("powGetBpCms") -
                          of_storage("powGetSysLoad");
    EXPECT_NEAR(rest_w, 0, 0.1);
    EXPECT_NEAR(grid_w, storage.drawn_w(), 0.01) << "all that the flat draws passes the storage";
    EXPECT_NEAR(meter.drawn_w(), storage.drawn_w(), 0.002);
    most_w = std::max(most_w, grid_w);
    least_w = std::min(least_w, grid_w);
  });
  EXPECT_GT(most_w, 500);
  EXPECT_LT(least_w, -20) << "its two modules give more than the flat and the battery take";
}

TEST_F(MeteredHome, TheStorageShowsItsMeter) {
  home.live(1, [&] {
    if (HasFailure()) return;
    EXPECT_EQ(storage.fields().get("cloudMetter.sn"), wire::Json(meter.sn()));
    for (const auto& [phase, clamp] : std::map<std::string, std::string>{
             {"phaseAPower", "L1"}, {"phaseBPower", "L2"}, {"phaseCPower", "L3"}}) {
      EXPECT_NEAR(of_storage("cloudMetter." + phase), of_meter("gridConnectionPower" + clamp), 0.51)
          << phase;
    }
  });
}

// What the meter counts is what the storage lets through, and no device makes energy of nothing.
TEST_F(MeteredHome, CountsTheGridOnce) {
  std::map<std::string, Balance> begun;
  for (const HomeBench::Device& each : home.devices()) {
    begun[each.name] = each.device->balance();
  }
  const double in_wh = of_meter("gridConnectionDataRecord.todayActive");
  const double out_wh = of_meter("gridConnectionDataRecord.totalReactiveEnergy");
  double net_wh = 0;
  home.live(3, [&] { net_wh += storage.drawn_w() / 60; });
  for (const HomeBench::Device& each : home.devices()) {
    const Balance now = each.device->balance();
    const Balance& before = begun.at(each.name);
    EXPECT_EQ(
        (now.in_uj - before.in_uj) - (now.out_uj - before.out_uj) - (now.lost_uj - before.lost_uj),
        now.stored_uj - before.stored_uj)
        << each.name;
  }
  const double counted_wh = of_meter("gridConnectionDataRecord.todayActive") - in_wh -
                            (of_meter("gridConnectionDataRecord.totalReactiveEnergy") - out_wh);
  EXPECT_NEAR(counted_wh, net_wh, 2);
}

}  // namespace
}  // namespace gridloom::sim
