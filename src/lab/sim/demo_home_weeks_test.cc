// The demo home as its file has it, lived in for two weeks of June and one of January: what the
// families have that home_weeks_test.cc does not look at, and what only sites can have.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "sim/test_home.h"

namespace gridloom::sim {
namespace {

constexpr TimePoint kJune{std::chrono::sys_days{std::chrono::June / 16 / 2025}};
constexpr TimePoint kJanuary{std::chrono::sys_days{std::chrono::January / 13 / 2025}};
constexpr std::size_t kDayMinutes = 24 * 60;

// Values of the demo home's fields, and what its devices draw, minute by minute.
class LivedIn {
 public:
  LivedIn(TimePoint start, int days) : home_("demo", start) {
    home_.live(days, [this] { look(); });
  }

  // The values of a device's field, by both names.
  [[nodiscard]] const Series& of(const std::string& device, const std::string& field) const {
    return kept_.at({device, field});
  }
  [[nodiscard]] const Series& drawn(const std::string& device) const { return drawn_.at(device); }

 private:
  void look() {
    static const std::vector<std::pair<std::string, std::string>> kFields = {
        {"Home battery", "sysLoadPwr"},
        {"Home battery", "sysGridPwr"},
        {"Home battery", "mpptPwr"},
        {"Home battery", "bpPwr"},
        {"Home battery", "evPwr"},
        {"Home battery of the annexe", "evPwr"},
        {"Kitchen power station", "pd.soc"},
        {"Kitchen power station", "mppt.carOutWatts"},
        {"Kitchen power station", "pd.typec1Watts"},
        {"Workshop power station", "pd.typec1Watts"},
        {"Kitchen power station", "pd.qcUsb1Watts"},
        {"Workshop power station", "pd.qcUsb1Watts"},
        {"Kitchen power station", "inv.outputWatts"},
        {"Balcony roof", "powGetSysGrid"},
        {"Bedroom air conditioner", "pd.powerMode"},
        {"Bedroom air conditioner", "pd.mainMode"},
        {"Bedroom air conditioner", "pd.airInTemp"},
        {"Bedroom air conditioner", "pd.sysPowerWatts"},
        {"Camper fridge", "pd.doorStat"},
        {"Camper fridge", "pd.motorWat"},
    };
    for (const auto& field : kFields) {
      kept_[field].push_back(home_.device(field.first).fields().number(field.second));
    }
    for (const HomeBench::Device& each : home_.devices()) {
      drawn_[each.name].push_back(each.device->drawn_w());
    }
  }

  HomeBench home_;
  std::map<std::pair<std::string, std::string>, Series> kept_;
  std::map<std::string, Series> drawn_;
};

const LivedIn& june() {
  static const LivedIn lived(kJune, 14);
  return lived;
}
const LivedIn& january() {
  static const LivedIn lived(kJanuary, 7);
  return lived;
}

TEST(DemoHome, TheMeterOfTheHouseSeesWhatHangsBehindIt) {
  for (const LivedIn* week : {&june(), &january()}) {
    const Series& load = week->of("Home battery", "sysLoadPwr");
    for (std::size_t k = 0; k < load.size(); ++k) {
      EXPECT_EQ(load[k], week->of("Home battery", "mpptPwr")[k] +
                             week->of("Home battery", "sysGridPwr")[k] -
                             week->of("Home battery", "bpPwr")[k]);
      double others_w = 0;
      for (const char* other :
           {"Kitchen power station", "Workshop power station", "Bedroom air conditioner",
            "Balcony inverter", "Living room plug"}) {
        others_w += week->drawn(other)[k];
      }
      // The house uses something besides; the inverter may feed more than all of it.
      ASSERT_GE(load[k], others_w) << "minute " << k;
    }
  }
}

TEST(DemoHome, PeopleUseThePortsOfAPowerStation) {
  for (const auto& [device, field] : std::vector<std::pair<std::string, std::string>>{
           {"Kitchen power station", "pd.typec1Watts"},
           {"Workshop power station", "pd.typec1Watts"},
           {"Kitchen power station", "pd.qcUsb1Watts"},
           {"Workshop power station", "pd.qcUsb1Watts"}}) {
    const Series& summer = june().of(device, field);
    const Series& winter = january().of(device, field);
    EXPECT_GT(share_of(summer, [](double w) { return w == 0; }), 0.3) << device << field;
    EXPECT_GT(share_of(summer, [](double w) { return w > 0; }), 0.005) << device << field;
    EXPECT_NE(summer, winter);
    EXPECT_LT(std::abs(correlation(summer, winter)), 0.3) << device << field;
  }
  EXPECT_LT(std::abs(correlation(june().of("Kitchen power station", "pd.qcUsb1Watts"),
                                 june().of("Workshop power station", "pd.qcUsb1Watts"))),
            0.3);
}

TEST(DemoHome, TheKitchensBatteryLivesBetweenItsLimits) {
  for (const LivedIn* week : {&june(), &january()}) {
    const Series& soc = week->of("Kitchen power station", "pd.soc");
    EXPECT_GE(share_of(soc, [](double percent) { return percent < 90; }), 0.5);
    const auto [least, most] = std::ranges::minmax(soc);
    EXPECT_GE(most - least, 5);
    EXPECT_GE(least, 10);
  }
}

TEST(DemoHome, NeitherInverterRegulatesTheGridToExactlyNothing) {
  for (const LivedIn* week : {&june(), &january()}) {
    for (const auto& [device, field] : std::vector<std::pair<std::string, std::string>>{
             {"Home battery", "sysGridPwr"}, {"Balcony roof", "powGetSysGrid"}}) {
      const Series& grid = week->of(device, field);
      EXPECT_LT(share_of(grid, [](double w) { return w == 0; }), 0.01) << device;
      EXPECT_GE(share_of(grid, [](double w) { return w != 0 && std::abs(w) < 20; }), 0.05)
          << device;
      EXPECT_LT(share_of(grid, [](double w) { return w == -800; }), 0.01) << device;
    }
  }
}

TEST(DemoHome, TheAirConditionerFollowsSeasonsAndPeople) {
  const auto is_on = [](double mode) { return mode == 1; };
  const Series& winter = january().of("Bedroom air conditioner", "pd.powerMode");
  const double heats = share_of(winter, is_on);
  EXPECT_GT(heats, 0.02);
  EXPECT_LT(heats, 0.95) << "nobody is there all the time, and not all days are cold";
  for (std::size_t k = 0; k < winter.size(); ++k) {
    if (winter[k] == 1) EXPECT_EQ(january().of("Bedroom air conditioner", "pd.mainMode")[k], 1);
  }
  const Series& summer = june().of("Bedroom air conditioner", "pd.powerMode");
  EXPECT_LT(share_of(summer, is_on), 0.95);
  const LivedIn july(TimePoint{std::chrono::sys_days{std::chrono::July / 14 / 2025}}, 6);
  const Series& hot = july.of("Bedroom air conditioner", "pd.powerMode");
  EXPECT_GT(share_of(hot, is_on), 0.01);
  for (std::size_t k = 0; k < hot.size(); ++k) {
    if (hot[k] == 1) EXPECT_EQ(july.of("Bedroom air conditioner", "pd.mainMode")[k], 0);
  }
}

TEST(DemoHome, ACarIsPluggedInSomeDaysOfTheWeek) {
  for (const char* device : {"Home battery", "Home battery of the annexe"}) {
    const Series& power = june().of(device, "evPwr");
    int days = 0;
    for (std::size_t day = 0; day < 14; ++day) {
      const auto from = power.begin() + static_cast<std::ptrdiff_t>(day * kDayMinutes);
      days += std::any_of(from, from + kDayMinutes, [](double w) { return w > 1000; }) ? 1 : 0;
    }
    EXPECT_GE(days, 2) << device;
    EXPECT_LE(days, 10) << device;
  }
}

TEST(DemoHome, TheCampersFridgeHangsOnTheCamper) {
  const Series& lid = june().of("Camper fridge", "pd.doorStat");
  EXPECT_GT(share_of(lid, [](double open) { return open != 0; }), 0.0005);
  EXPECT_LT(share_of(lid, [](double open) { return open != 0; }), 0.05);
  EXPECT_GT(share_of(june().drawn("Camper fridge"), [](double w) { return w > 5; }), 0.05);
}

TEST(DemoHome, WhatIsCarriedAlongLivesOnItsBattery) {
  const Series& drawn_w = june().drawn("Camper fridge");
  const Series& cools_w = june().of("Camper fridge", "pd.motorWat");
  std::size_t away = 0;
  for (std::size_t k = 0; k < drawn_w.size(); ++k) {
    away += cools_w[k] > 5 && drawn_w[k] == 0 ? 1 : 0;
  }
  EXPECT_GT(away, 30U) << "minutes";
  EXPECT_LT(static_cast<double>(away), 0.3 * static_cast<double>(drawn_w.size()));
}

// Its habits let it give by day, and charge it at night.
TEST(HamburgHome, CyclesItsPowerStationEachDay) {
  HomeBench home("hamburg", kJune);
  Series soc_percent;
  home.live(
      7, [&] { soc_percent.push_back(home.device("Kitchen battery").fields().number("pd.soc")); });
  EXPECT_LT(share_of(soc_percent, [](double soc) { return soc >= 95; }), 0.6);
  EXPECT_GT(share_of(soc_percent, [](double soc) { return soc >= 95; }), 0.1);
  EXPECT_LT(std::ranges::min(soc_percent), 60);
  EXPECT_GE(std::ranges::min(soc_percent), 20);
}

}  // namespace
}  // namespace gridloom::sim
