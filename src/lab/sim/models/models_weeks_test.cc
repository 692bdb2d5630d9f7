// What each model shows belongs together through days of sets and outages.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

#include "sim/models/test_delta_2_invariants.h"
#include "sim/models/test_power_kits_invariants.h"
#include "sim/models/test_power_ocean_invariants.h"
#include "sim/models/test_power_stream_invariants.h"
#include "sim/models/test_smart_home_panel_invariants.h"
#include "sim/test_bench.h"

namespace gridloom::sim {
namespace {

using wire::Json;

double matrix_sum(const Json& rows) {
  double sum_wh = 0;
  for (const Json& row : rows.get_array()) {
    for (const Json& cell : row.get_array()) sum_wh += cell.to_number<double>();
  }
  return sum_wh;
}

// The day's sums of a panel are those of its hours, and neither decreases before the day ends.
class PanelCounters {
 public:
  void expect(const Fields& fields) {
    const std::string day(fields.get("mainsLoadWatt.rtc").get_string());
    if (day != day_) today_.reset();
    day_ = day;
    today_.expect(fields);
    work_time_.expect(fields);
    // Each of 240 cells is truncated to whole Wh.
    const double from_grid_wh = matrix_sum(fields.get("mainsLoadWatt.watth"));
    EXPECT_NEAR(from_grid_wh, fields.number("heartbeat.gridDayWatth"), 240);
    EXPECT_LE(from_grid_wh, fields.number("heartbeat.gridDayWatth") + 0.1);
    EXPECT_LE(matrix_sum(fields.get("backupLoadWatt.watth")),
              fields.number("heartbeat.backupDayWatth") + 0.1);
  }

 private:
  std::string day_;
  MonotonicCounters today_{{"heartbeat.gridDayWatth", "heartbeat.backupDayWatth"}};
  MonotonicCounters work_time_{{"heartbeat.workTime"}};
};

// A device lives three days; after each step its invariants hold, and `also` looks at it.
template <typename Also>
void expect_life(const std::string& family, Invariants invariants, Also also) {
  const std::uint64_t seed = life_seed();
  SCOPED_TRACE("--gtest_random_seed=" + std::to_string(seed));
  Bench bench(family_of(family), {.seed = seed});
  live(bench, 3, seed, [&] {
    invariants.expect(bench.fields(), bench.environment());
    also(bench);
  });
}
void expect_life(const std::string& family, Invariants invariants) {
  expect_life(family, std::move(invariants), [](const Bench& /*bench*/) {});
}

TEST(ModelsForWeeks, Delta2BelongsTogether) {
  MonotonicCounters growing{{"pd.chgPowerAC", "pd.chgSunPower", "pd.dsgPowerAC", "pd.dsgPowerDC",
                             "pd.invUsedTime", "pd.mpptUsedTime", "pd.carUsedTime",
                             "pd.usbUsedTime", "pd.usbqcUsedTime", "pd.typecUsedTime",
                             "pd.relaySwitchCnt", "bms_bmsStatus.cycles"}};
  expect_life("delta_2", delta_2_invariants(table_of("delta_2")),
              [&](const Bench& bench) { growing.expect(bench.fields()); });
}

TEST(ModelsForWeeks, PowerKitsBelongsTogether) {
  MonotonicCounters today{{"kitscc.M1094-KSCC-00001.dayEnergy", "bbcin.M1093-DCIN-CA7C3.dayEnergy",
                           "bbcout.M109ZEB4Z0000016.dayEnergy",
                           "ichigh.M109ZEB4ZE7B0964.inputWhInDay",
                           "ichigh.M109ZEB4ZE7B0964.outputWhInDay"}};
  MonotonicCounters ever{{"kitscc.M1094-KSCC-00001.chgEnergy", "bbcin.M1093-DCIN-CA7C3.dsgEnergy",
                          "bbcout.M109ZEB4Z0000016.dsgEnergy"}};
  std::int64_t day = 0;
  expect_life("power_kits", power_kits_invariants(table_of("power_kits")), [&](const Bench& bench) {
    if (std::exchange(day, local_day(bench.environment())) != day) today.reset();
    today.expect(bench.fields());
    ever.expect(bench.fields());
  });
}

TEST(ModelsForWeeks, PowerOceanBelongsTogether) {
  expect_life("power_ocean", power_ocean_invariants(table_of("power_ocean")));
}

TEST(ModelsForWeeks, PowerStreamBelongsTogether) {
  expect_life("power_stream", power_stream_invariants(table_of("power_stream")));
}

TEST(ModelsForWeeks, SmartHomePanelBelongsTogether) {
  PanelCounters counters;
  expect_life("smart_home_panel", smart_home_panel_invariants(table_of("smart_home_panel")),
              [&](const Bench& bench) { counters.expect(bench.fields()); });
}

}  // namespace
}  // namespace gridloom::sim
