// A week of each family that runs by its parts alone: the energy balance is exact in every minute,
// and what the device reports stays within what real devices reported and what their pages say, and
// moves within it.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "sim/models/test_invariants.h"
#include "sim/test_bench.h"
#include "sim/test_home_devices.h"
#include "sim/test_invariants.h"

namespace gridloom::sim {
namespace {

constexpr TimePoint kMonday{std::chrono::sys_days{std::chrono::June / 16 / 2025}};
constexpr std::size_t kMinutes = 7 * 24 * 60;

// The numbers of a field, as on the wire. Within a week it is never outside of [low, high], and is
// at least once below `dips` and above `peaks`.
struct Reach {
  std::string_view field;
  double low = 0;
  double high = 0;
  double dips = 0;
  double peaks = 0;
};

struct Lived {
  std::string_view family;
  std::vector<Reach> reaches;
};
std::ostream& operator<<(std::ostream& out, const Lived& lived) { return out << lived.family; }

struct Extremes {
  double least = std::numeric_limits<double>::max();
  double most = std::numeric_limits<double>::lowest();
};

class SimulatedWeek : public testing::TestWithParam<Lived> {};

TEST_P(SimulatedWeek, BalancesAndReportsWhatRealDevicesDo) {
  const Lived& lived = GetParam();
  const catalog::FamilyPtr family = family_of(lived.family);
  const SetUpDevice device = home_devices(*family).front();
  Bench bench(family, {.seed = 2, .sn = device.sn, .start = kMonday, .setup = device.setup});
  Invariants invariants = invariants_of(bench.device().virtual_family().table);
  std::vector<Extremes> extremes(lived.reaches.size());
  const Balance begun = bench.device().balance();
  Balance last = begun;
  for (std::size_t minute = 1; minute <= kMinutes; ++minute) {
    bench.step(Millis{kMinute_ms});
    bench.said.clear();
    const Balance now = bench.device().balance();
    ASSERT_EQ(
        (now.in_uj - begun.in_uj) - (now.out_uj - begun.out_uj) - (now.lost_uj - begun.lost_uj),
        now.stored_uj - begun.stored_uj)
        << "minute " << minute;
    ASSERT_GE(now.lost_uj, last.lost_uj) << "minute " << minute;
    last = now;
    const auto broken = invariants.broken(bench.fields(), bench.environment());
    ASSERT_FALSE(broken) << "minute " << minute << ": " << *broken;
    for (std::size_t k = 0; k < extremes.size(); ++k) {
      const double value = bench.number(lived.reaches[k].field);
      extremes[k].least = std::min(extremes[k].least, value);
      extremes[k].most = std::max(extremes[k].most, value);
    }
  }
  EXPECT_GT(last.in_uj, begun.in_uj);
  EXPECT_GT(last.out_uj, begun.out_uj);
  const bool stores = std::ranges::any_of(family->physics, [](const catalog::PhysicsPart& part) {
    return part.path.starts_with("batteries.");
  });
  if (stores) {
    // Converters, both ways, and what the device needs itself: no battery gives back everything.
    const double lost_share = static_cast<double>(last.lost_uj - begun.lost_uj) /
                              static_cast<double>(last.in_uj - begun.in_uj);
    EXPECT_GT(lost_share, 0.05);
    EXPECT_LT(lost_share, 0.5);
  }
  for (std::size_t k = 0; k < extremes.size(); ++k) {
    const Reach& reach = lived.reaches[k];
    const auto [least, most] = extremes[k];
    EXPECT_TRUE(least >= reach.low && least <= reach.dips && most <= reach.high &&
                most >= reach.peaks)
        << reach.field << " is between " << least << " and " << most;
  }
}

// From the dumps of real devices and what their pages say (documents 005 to 012); the odd numbers
// are those that a dump has.
const std::vector<Lived> kLived = {
    {.family = "smart_plug",
     .reaches = {{"2_1.watts", 0, 20'000, 10, 300},  // 0 to 2000 W
                 {"2_1.volt", 225, 236, 231, 229},   // 228 and 233
                 {"2_1.current", 0, 8700, 10, 100},
                 {"2_1.freq", 49, 51, 50, 50},
                 {"2_1.temp", 28, 40, 29, 29},
                 {"2_1.switchSta", 1, 1, 1, 1}}},
    {.family = "delta_2_max",  // 52.2 V at 10 %, 54.1 V at 99 %; charging and giving move it
     .reaches = {{"bms_bmsStatus.vol", 50'500, 56'000, 52'200, 54'100},
                 {"inv.outputWatts", 0, 2400, 0, 1000},
                 {"mppt.inWatts", 0, 500, 0, 400},
                 {"mppt.pv2InWatts", 0, 500, 0, 400},
                 {"pd.soc", 10, 100, 60, 99},
                 {"bms_bmsStatus.fullCap", 38'054, 39'280, 39'280, 39'280},
                 {"bms_bmsStatus.temp", 10, 40, 20, 24}}},
    {.family = "delta_pro_ultra",  // 101 to 108 V, and more while full packs charge
     .reaches = {{"hs_yj751_pd_backend_addr.batVol", 101, 112, 105, 108},
                 {"hs_yj751_pd_appshow_addr.soc", 15, 100, 60, 99},
                 {"hs_yj751_pd_appshow_addr.wattsOutSum", 0, 7200, 100, 3000},
                 {"hs_yj751_pd_appshow_addr.inHvMpptPwr", 0, 4000, 0, 1600},
                 {"hs_yj751_pd_appshow_addr.inLvMpptPwr", 0, 1600, 0, 1000}}},
    {.family = "wave_2",  // its fan, and 700 W beside it; 14 cells of 3.33 V
     .reaches = {{"pd.sysPowerWatts", 0, 718, 18, 200},
                 {"bms.bmsVol", 46'557, 50'400, 47'500, 48'000},
                 {"pd.batSoc", 0, 100, 85, 100},
                 {"power.mpptPwr", 0, 400, 0, 100},
                 {"power.acPwrIn", 0, 900, 0, 200}}},
    {.family = "glacier",  // a compressor of 64 W; -17.5 and -0.5 °C around targets of -17 and 0
     .reaches = {{"pd.motorWat", 0, 64, 0, 45},
                 {"bms_bmsStatus.vol", 22'356, 25'200, 23'600, 24'000},
                 {"bms_bmsStatus.inWatts", 0, 90, 0, 60},
                 {"pd.tmpR", -180, -150, -174, -165},
                 {"pd.tmpL", 10, 30, 17, 23},
                 {"bms_bmsStatus.soc", 0, 100, 80, 100}}},
    {.family = "stream",  // 1200 W into the battery's load, 1500 W into it, 800 W into the grid
     .reaches = {{"cmsBattSoc", 10, 96, 55, 95},
                 {"powGetBpCms", -1201, 1500, -500, 1200},
                 {"powGetSysGrid", -800, 8000, -700, 0},
                 {"powGetPv", 0, 500, 0, 350},
                 {"powGetPvSum", 0, 1900, 0, 1500},
                 {"powGetSysLoad", 0, 5000, 60, 1000},
                 {"vol", 18'000, 21'600, 19'700, 20'200}}},
    {.family = "delta_pro_3",  // 53.26 V while it charges with 30 A; 1600 W and 800 W of sun
     .reaches = {{"vol", 50'000, 57'000, 54'000, 53'200},
                 {"cmsBattSoc", 5, 100, 61, 99},
                 {"powGetAcHvOut", -4500, 0, -500, -100},
                 {"powGetAcIn", 0, 6900, 0, 1600},
                 {"powGetPvH", 0, 1600, 0, 1200},
                 {"powGetPvL", 0, 1000, 0, 600},
                 {"temp", 5, 45, 24, 25}}},
    {.family = "delta_pro",  // 48.9 V at 38 %, 50.4 V at 90 %; tenths of a watt from the sun
     .reaches = {{"bmsMaster.vol", 43'000, 54'000, 49'000, 49'900},
                 {"ems.lcdShowSoc", 5, 100, 61, 99},
                 {"inv.outputWatts", 0, 4000, 100, 500},
                 {"inv.inputWatts", 0, 3680, 0, 100},
                 {"mppt.inWatts", 0, 16'500, 0, 12'000},
                 {"mppt.inVol", 40, 1500, 50, 600},
                 {"bmsMaster.temp", 5, 45, 24, 25}}},
    {.family = "delta_max",  // 51.9 V at 39 % while it charges, 55.9 V at 64 %
     .reaches = {{"bmsMaster.vol", 45'000, 57'000, 52'400, 53'000},
                 {"ems.lcdShowSoc", 5, 100, 61, 61},
                 {"inv.outputWatts", 0, 2400, 100, 400},
                 {"mppt.inWatts", 0, 8500, 0, 6000},
                 {"bmsSlave1.soc", 5, 100, 61, 61},
                 {"bmsMaster.temp", 5, 45, 24, 25}}},
    {.family = "river_2_pro",  // 19 to 20 V; 844 W in while mains charges with 850 W
     .reaches = {{"bms_bmsStatus.vol", 16, 21, 20, 20},
                 {"pd.soc", 5, 100, 61, 99},
                 {"inv.inputWatts", 0, 1800, 0, 300},
                 {"inv.outputWatts", 0, 800, 50, 100},
                 {"mppt.inWatts", 0, 230, 0, 150},
                 {"bms_bmsStatus.temp", 10, 45, 24, 25}}},
    {.family = "delta_3_max",  // seven points of an owner between 42 and 2186 W
     .reaches = {{"cmsBattSoc", 4.5, 100, 60, 99},
                 {"powGetAcIn", 0, 3600, 0, 0},
                 {"powGetPv", 0, 500, 0, 350},
                 {"powGetPv2", 0, 500, 0, 350},
                 {"powOutSumW", 0, 3600, 50, 900},
                 {"powGetAcOut", -3000, 0, -500, -50},
                 {"cmsChgDsgState", 0, 2, 1, 2},
                 {"cmsDsgRemTime", 0, 12'927, 2000, 12'927}}},
    {.family = "smart_meter",  // 237 V and up to 7842 W in a recording
     .reaches = {{"powGetSysGrid", 0, 12'000, 200, 2000},
                 {"gridConnectionVolL1", 220, 240, 230, 230},
                 {"gridConnectionAmpL1", 0, 30, 1, 3},
                 {"gridConnectionDataRecord.todayActive", 4155, 120'000, 4200, 20'000},
                 {"gridConnectionDataRecord.totalReactiveEnergy", 1495, 1495, 1495, 1495}}},
    {.family = "stream_microinverter",  // 184 and 215 W in reports, of 800; 36 V
     .reaches = {{"gridConnectionPower", 0, 800, 0, 600},
                 {"powGetPv", 0, 480, 0, 300},
                 {"plugInInfoPvVol", 0, 38, 0, 36},
                 {"plugInInfoPvAmp", 0, 16, 0, 8},
                 {"gridConnectionAmp", 0, 4, 0, 2},
                 {"gridConnectionVol", 220, 240, 230, 230}}},
    {.family = "smart_home_panel_2",  // 4657 W in a dump, 677 W of two ports in another
     .reaches = {{"wattInfo.gridWatt", 0, 24'000, 0, 0},
                 {"wattInfo.allHallWatt", 0, 15'000, 300, 2000},
                 {"wattInfo.chWatt[0]", -7200, 3600, -500, -30},
                 {"loadInfo.hall1Watt[6]", 0, 300, 30, 60},
                 {"backupIncreInfo.backupBatPer", 20, 100, 55, 90},
                 {"pd303_mc.masterIncreInfo.gridVol", 113, 124, 123, 122},
                 {"pd303_mc.backupIncreInfo.Energy1Info.pvChargeWatts", 0, 3000, 0, 1500}}},
};

INSTANTIATE_TEST_SUITE_P(OfEachFamily, SimulatedWeek, testing::ValuesIn(kLived),
                         [](const auto& lived) { return std::string(lived.param.family); });

}  // namespace
}  // namespace gridloom::sim
