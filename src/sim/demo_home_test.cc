// The demo home as its file has it, lived in for two weeks of June and one of January: what the
// families have that home_week_test.cc does not look at, and what only sites can have.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/home.h"
#include "catalog/loader.h"
#include "sim/home.h"
#include "sim/site.h"
#include "sim/test_bench.h"

namespace gridloom::sim {
namespace {

using std::chrono::minutes;
using Series = std::vector<double>;

constexpr TimePoint kJune{std::chrono::sys_days{std::chrono::June / 16 / 2025}};
constexpr TimePoint kJanuary{std::chrono::sys_days{std::chrono::January / 13 / 2025}};
constexpr std::size_t kDayMinutes = 24 * 60;

// The devices of a home on their sites. Field values of interest are kept minute by minute.
class LivedIn : private DeviceDriver::Connection {
 public:
  LivedIn(std::string_view home, TimePoint start, int days) : now_(start) {
    const auto catalog = catalog::load_catalog({}).value();
    const catalog::Home read = catalog::find_home(std::string(home), *catalog).value();
    for (const catalog::Site& site : read.sites) {
      Site& made = sites_.emplace_back(options_of(site));
      for (const catalog::SiteDevice& device : in_order(site)) {
        DeviceDriver& driver =
            drivers_.emplace_back(std::make_shared<VirtualFamily>(device.family), device.sn,
                                  Chance(1), made.at(now_, device.plug),
                                  static_cast<Connection&>(*this), nullptr, setup_of(site, device));
        made.join(driver, device.plug);
        by_name_[device.name] = &driver;
      }
    }
    for (std::size_t minute = 0; minute < static_cast<std::size_t>(days) * kDayMinutes; ++minute) {
      now_ += minutes(1);
      for (Site& site : sites_) site.step(now_);
      look();
    }
  }

  // The values of a device's field, by both names.
  [[nodiscard]] const Series& of(const std::string& device, const std::string& field) const {
    return kept_.at({device, field});
  }
  [[nodiscard]] const Series& drawn(const std::string& device) const { return drawn_.at(device); }

 private:
  static std::vector<catalog::SiteDevice> in_order(const catalog::Site& site) {
    std::vector<catalog::SiteDevice> devices;
    for (const bool last : {false, true}) {
      for (const catalog::SiteDevice& device : site.devices) {
        if (steps_last(device.plug) == last) devices.push_back(device);
      }
    }
    return devices;
  }
  [[nodiscard]] bool is_online() const override { return false; }
  [[nodiscard]] bool takes_reports() const override { return false; }
  void publish(VirtualDevice::Message /*message*/) override {}

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
      kept_[field].push_back(by_name_.at(field.first)->device().fields().number(field.second));
    }
    for (const auto& [name, driver] : by_name_) drawn_[name].push_back(driver->device().drawn_w());
  }

  TimePoint now_;
  std::deque<Site> sites_;
  std::deque<DeviceDriver> drivers_;
  std::map<std::string, DeviceDriver*> by_name_;
  std::map<std::pair<std::string, std::string>, Series> kept_;
  std::map<std::string, Series> drawn_;
};

const LivedIn& june() {
  static const LivedIn lived("demo", kJune, 14);
  return lived;
}
const LivedIn& january() {
  static const LivedIn lived("demo", kJanuary, 7);
  return lived;
}

double share_of(const Series& series, auto is_so) {
  return static_cast<double>(std::ranges::count_if(series, is_so)) /
         static_cast<double>(series.size());
}

// 1 if they move together; 0 where one of them does not move.
double correlation(const Series& a, const Series& b) {
  const auto mean = [](const Series& of) {
    double sum = 0;
    for (const double value : of) sum += value;
    return sum / static_cast<double>(of.size());
  };
  const double mean_a = mean(a);
  const double mean_b = mean(b);
  double aa = 0;
  double bb = 0;
  double ab = 0;
  for (std::size_t k = 0; k < std::min(a.size(), b.size()); ++k) {
    aa += (a[k] - mean_a) * (a[k] - mean_a);
    bb += (b[k] - mean_b) * (b[k] - mean_b);
    ab += (a[k] - mean_a) * (b[k] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
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
  const LivedIn july("demo", TimePoint{std::chrono::sys_days{std::chrono::July / 14 / 2025}}, 6);
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

}  // namespace
}  // namespace gridloom::sim
