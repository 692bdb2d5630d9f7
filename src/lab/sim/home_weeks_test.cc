// A week of the demo home, as a battery expert looks at it: nothing is a curve that is shared,
// nothing is exactly zero that is regulated, and nothing is in order that is not sorted in reality.
// The bounds are those of measured homes.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/models/panel_json.h"
#include "sim/test_bench.h"
#include "sim/test_home_devices.h"

namespace gridloom::sim {
namespace {

using Series = std::vector<double>;

constexpr TimePoint kMonday{std::chrono::sys_days{std::chrono::June / 16 / 2025}};
constexpr std::size_t kMinutes = 7 * 24 * 60;
constexpr std::size_t kDayMinutes = 24 * 60;
constexpr std::size_t kCircuits = 10;

// None if one of them does not move.
std::optional<double> correlation(const Series& a, const Series& b) {
  const auto n = static_cast<double>(a.size());
  double sum_a = 0;
  double sum_b = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    sum_a += a[k];
    sum_b += b[k];
  }
  double aa = 0;
  double bb = 0;
  double ab = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    aa += (a[k] - sum_a / n) * (a[k] - sum_a / n);
    bb += (b[k] - sum_b / n) * (b[k] - sum_b / n);
    ab += (a[k] - sum_a / n) * (b[k] - sum_b / n);
  }
  if (aa <= 0 || bb <= 0) return std::nullopt;
  return ab / std::sqrt(aa * bb);
}

// The devices of the home, or two of each kind with serial numbers that the simulator makes.
enum class Devices : std::uint8_t { kOfTheHome, kSimulated };

std::vector<SetUpDevice> devices_of(const catalog::Family& family, Devices which) {
  if (which == Devices::kOfTheHome) return home_devices(family);
  return {{.sn = simulated_sn(family, 1)}, {.sn = simulated_sn(family, 2)}};
}

// Runs them minute by minute.
class Week {
 public:
  explicit Week(Devices which) {
    const World world({.seed = 1});
    std::vector<std::unique_ptr<VirtualDevice>> devices;
    for (const std::string_view id :
         {"delta_2", "power_kits", "power_ocean", "power_stream", "smart_home_panel"}) {
      const auto family = std::make_shared<VirtualFamily>(family_of(id));
      for (const SetUpDevice& device : devices_of(family->table->family(), which)) {
        devices.push_back(std::make_unique<VirtualDevice>(
            family, device.sn, Chance(1), world.at(kMonday), nullptr, device.setup));
      }
    }
    std::vector<VirtualDevice::Message> said;
    for (std::size_t minute = 1; minute <= kMinutes; ++minute) {
      const Environment environment = world.at(kMonday + Millis{kMinute_ms * minute});
      for (const auto& device : devices) {
        device->step(environment, said);
        look(*device);
      }
      said.clear();
    }
    for (const auto& device : devices) {
      const Balance balance = device->balance();
      lost_uj.push_back(balance.lost_uj);
    }
  }

  std::map<std::string, Series> loads;                 // by serial number
  std::array<Series, kCircuits> circuits;              // of the panel
  std::map<std::string, std::vector<Series>> strings;  // of PV inputs
  std::map<std::string, Series> grid;                  // of the PowerOceans
  std::map<std::string, Series> regulated;             // the same, while the battery regulates
  std::map<std::string, std::set<std::vector<double>>> cell_orders;
  std::map<std::string, Series> soc;
  std::map<std::string, std::set<double>> offsets_mv;  // chgVol above vol
  std::vector<std::int64_t> lost_uj;

 private:
  void look(const VirtualDevice& device) {
    const Fields& fields = device.fields();
    const std::string& sn = device.sn();
    const std::string& id = device.family().id;
    if (id == "delta_2") {
      loads[sn].push_back(fields.number("inv.outputWatts"));
      soc[sn].push_back(fields.number("bms_bmsStatus.f32ShowSoc"));
      offsets_mv[sn].insert(fields.number("bms_emsStatus.chgVol") -
                            fields.number("bms_bmsStatus.vol"));
      look_at_cells(fields, sn);
    } else if (id == "power_kits") {
      const std::string& hub = fields.modules("ldac").front();
      loads[sn].push_back(fields.number("ldac." + hub + ".acTotalWatts"));
    } else if (id == "power_ocean") {
      // The heating rod and the car follow the sun by design.
      const double rod_w =
          panel::number(panel::at(panel::at(fields.get("hrEnergyStream"), 0), "hrPwr"));
      loads[sn].push_back(fields.number("sysLoadPwr") - fields.number("evPwr") - rod_w);
      grid[sn].push_back(fields.number("sysGridPwr"));
      const double soc_percent = fields.number("bpSoc");
      const bool regulates = soc_percent > 10 && soc_percent < 90 && fields.number("evPwr") == 0;
      if (regulates) regulated[sn].push_back(fields.number("sysGridPwr"));
      look_at_strings(fields, sn);
    } else if (id == "power_stream") {
      loads[sn].push_back(fields.number("20_1.plugTotalWatts") / 10);
    } else {
      const wire::Json list = fields.get("channelPower.infoList");
      double sum_w = 0;
      for (std::size_t i = 0; i < kCircuits; ++i) {
        const double power_w = panel::number(panel::at(panel::at(list, i), "chWatt"));
        circuits.at(i).push_back(power_w);
        sum_w += power_w;
      }
      loads[sn].push_back(sum_w);
    }
  }
  void look_at_cells(const Fields& fields, const std::string& sn) {
    const wire::Json cells = fields.get("bms_bmsStatus.cellVol");
    std::vector<double> order;
    for (const wire::Json& cell : cells.get_array()) order.push_back(panel::number(cell));
    EXPECT_FALSE(std::ranges::is_sorted(order, std::ranges::greater{})) << sn;
    const double mean = panel::number(cells.get_array().front());
    for (double& value : order) value -= mean;
    cell_orders[sn].insert(order);
  }
  void look_at_strings(const Fields& fields, const std::string& sn) {
    const wire::Json trackers = fields.get("mpptHeartBeat");
    std::vector<Series>& of = strings[sn];
    of.resize(2);
    for (std::size_t k = 0; k < 2; ++k) {
      of[k].push_back(panel::number(
          panel::at(panel::at(panel::at(panel::at(trackers, 0), "mpptPv"), k), "pwr")));
    }
  }
};

struct HomeWeek : testing::Test {
  static const Week& week() {
    static const Week lived(Devices::kOfTheHome);
    return lived;
  }
};

void expect_no_twins(const std::map<std::string, Series>& loads) {
  for (auto a = loads.begin(); a != loads.end(); ++a) {
    for (auto b = std::next(a); b != loads.end(); ++b) {
      EXPECT_NE(a->second, b->second) << a->first << " and " << b->first;
      EXPECT_LT(std::abs(correlation(a->second, b->second).value_or(0)), 0.3)
          << a->first << " and " << b->first;
    }
  }
}

TEST_F(HomeWeek, DrawsAnotherCurveInEachDevice) {
  ASSERT_EQ(week().loads.size(), 7U);
  expect_no_twins(week().loads);
}

TEST(SimulatedWeek, HasNoTwins) {
  const Week week(Devices::kSimulated);
  ASSERT_EQ(week.loads.size(), 10U);
  expect_no_twins(week.loads);
}

TEST_F(HomeWeek, HasCircuitsOfDifferentKind) {
  const auto& circuits = week().circuits;
  int alike = 0;
  int idle = 0;
  for (std::size_t i = 0; i < kCircuits; ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      alike += correlation(circuits.at(i), circuits.at(k)).value_or(0) >= 0.4 ? 1 : 0;
    }
    bool rested = false;
    for (std::size_t day = 0; day < 7; ++day) {
      const auto from = circuits.at(i).begin() + static_cast<std::ptrdiff_t>(day * kDayMinutes);
      rested = rested || std::all_of(from, from + kDayMinutes, [](double w) { return w == 0; });
    }
    idle += rested ? 1 : 0;
  }
  EXPECT_LE(alike, 1) << "of 45 pairs";
  EXPECT_GE(idle, 2) << "at 0 W for a day";
}

// By the names of the device file: a cooker hangs in the kitchen, and only a refrigerator draws a
// little day and night.
TEST_F(HomeWeek, HasUnderEachNameWhatHangsThere) {
  constexpr std::size_t kKitchen = 0;
  constexpr std::size_t kRefrigerator = 9;
  const auto mean = [](const Series& of) {
    return std::accumulate(of.begin(), of.end(), 0.0) / static_cast<double>(of.size());
  };
  EXPECT_GT(std::ranges::max(week().circuits.at(kKitchen)), 1500);
  const Series& cold = week().circuits.at(kRefrigerator);
  EXPECT_GT(mean(cold), 10);
  EXPECT_LT(mean(cold), 120);
  int starts = 0;
  for (std::size_t k = 1; k < cold.size(); ++k) starts += cold[k] > 30 && cold[k - 1] < 30 ? 1 : 0;
  EXPECT_GT(starts, 7 * 8);
}

// Whole homes: what a single socket draws may rest for hours.
TEST_F(HomeWeek, SwitchesAndMovesAsRealHomesDo) {
  for (const auto& [sn, load] : week().loads) {
    if (!sn.starts_with("HJ31") && !sn.starts_with("SP10")) continue;
    int bent = 0;
    int still = 0;
    for (std::size_t k = 2; k < load.size(); ++k) {
      bent += std::abs(load[k] - 2 * load[k - 1] + load[k - 2]) > 5 ? 1 : 0;
      still += std::abs(load[k] - load[k - 1]) < 2 ? 1 : 0;
    }
    EXPECT_GE(bent, 0.7 * kMinutes) << sn;
    EXPECT_GE(still, 0.05 * kMinutes) << sn;
    EXPECT_LE(still, 0.2 * kMinutes) << sn;
  }
}

TEST_F(HomeWeek, NeverRegulatesTheGridToExactlyNothing) {
  for (const auto& [sn, grid] : week().regulated) {
    ASSERT_GT(grid.size(), kMinutes / 10) << sn;
    const auto small = std::ranges::count_if(grid, [](double w) { return std::abs(w) < 20; });
    EXPECT_EQ(std::ranges::count(grid, 0), 0) << sn;
    EXPECT_GE(static_cast<double>(small), 0.1 * static_cast<double>(grid.size())) << sn;
  }
}

TEST_F(HomeWeek, HasCellsThatAreNotSorted) {
  for (const auto& [sn, orders] : week().cell_orders) EXPECT_GT(orders.size(), 10U) << sn;
  for (const auto& [sn, offsets] : week().offsets_mv) EXPECT_GT(offsets.size(), 10U) << sn;
}

TEST_F(HomeWeek, HasTwoSidesOfTheRoof) {
  for (const auto& [sn, strings] : week().strings) {
    double most = 0;
    double least = 1;
    for (std::size_t k = 0; k < kMinutes; ++k) {
      if (strings[0][k] + strings[1][k] < 500) continue;
      const double share = strings[0][k] / (strings[0][k] + strings[1][k]);
      most = std::max(most, share);
      least = std::min(least, share);
    }
    EXPECT_GT(most, 0.65) << sn;
    EXPECT_LT(least, 0.35) << sn;
  }
  const auto& [first, second] = std::pair(*week().strings.begin(), *week().strings.rbegin());
  EXPECT_NE(first.second[0], second.second[0]) << "two homes have two roofs";
}

TEST_F(HomeWeek, UsesItsBatteries) {
  for (const auto& [sn, soc] : week().soc) {
    const auto [least, most] = std::ranges::minmax(soc);
    EXPECT_GE(most - least, 5) << sn;
  }
}

TEST(HomeYear, StaysWarmIndoors) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const World world({.seed = seed});
    for (int hour = 0; hour < 365 * 24; ++hour) {
      const Environment at = world.at(kMonday + std::chrono::hours{hour});
      const double indoor_c = at.place_c.at(static_cast<std::size_t>(catalog::Place::kIndoor));
      ASSERT_GE(indoor_c, 17) << hour;
      ASSERT_LE(indoor_c, 27) << hour;
    }
  }
}

}  // namespace
}  // namespace gridloom::sim
