// The ageing curve against values that real packs reported, and devices that age by it.
#include "sim/ageing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "sim/models/test_invariants.h"
#include "sim/test_bench.h"

namespace gridloom::sim {
namespace {

double lost_percent(const Age& age) { return 100 * (1 - health_at(age)); }

// The device reports whole mAh of 20 Ah, and not its age, which is small: 0.05 % is the wear of an
// eighth of a year.
TEST(Ageing, TakesWhatADelta2HadLost) {
  EXPECT_NEAR(lost_percent({.cycles = 73}), 100 * (20'000 - 19'870) / 20'000.0, 0.05);
  EXPECT_NEAR(20'000 * health_at({.cycles = 4}), 20'000, 40) << "a new one holds a little more";
}

TEST(Ageing, TakesWhatAPowerOceanHadLostInAQuarterOfAYear) {
  for (const double cycles : {55.0, 58.0}) {
    EXPECT_GE(lost_percent({.cycles = cycles, .years = 0.25}), 0.65);
    EXPECT_LE(lost_percent({.cycles = cycles, .years = 0.25}), 0.7);
  }
}

TEST(Ageing, LeavesFourFifthsAfterThreeThousandCycles) {
  EXPECT_NEAR(lost_percent({.cycles = 3000}), 20, 0.5);
}

TEST(Ageing, NeverHealsAndEndsBeforeNothingIsLeft) {
  double last = health_at({});
  EXPECT_EQ(last, 1);
  for (double cycles = 1; cycles < 50'000; cycles *= 1.1) {
    const double health = health_at({.cycles = cycles, .years = cycles / 1000});
    EXPECT_TRUE(health < last || health == kMinHealth) << cycles;
    last = health;
  }
  EXPECT_EQ(last, kMinHealth);
  EXPECT_EQ(health_at({.years = 1e6}), kMinHealth);
}

TEST(Ageing, FindsTheCyclesOfAHealth) {
  for (const double cycles : {0.0, 1.0, 12.0, 128.0, 129.0, 800.0, 3000.0}) {
    EXPECT_NEAR(cycles_at(health_at({.cycles = cycles})), cycles, 1e-6 * (1 + cycles));
  }
  EXPECT_EQ(cycles_at(1.2), 0);
}

// A device that the grid charges by night and the household discharges by day.
class Cycled {
 public:
  struct Setting {
    std::string_view field;
    int value = 0;
  };
  explicit Cycled(std::string_view family, std::initializer_list<Setting> settings = {})
      : virtual_family_(family_of(family)),
        invariants_(invariants_of(virtual_family_.table)),
        fields_(virtual_family_.table),
        model_(virtual_family_.make_model(Chance(7))) {
    for (const Setting& setting : settings) fields_.set(setting.field, setting.value);
    model_->start(fields_, environment());
  }

  void live(int days) {
    const TimePoint end = now_ + Millis{days * kDay_ms};
    for (; now_ < end && !testing::Test::HasFailure(); now_ += Millis{kMinute_ms}) {
      model_->step(environment(), Millis{kMinute_ms});
      if (unix_ms(now_) % kDay_ms != 0) continue;
      model_->write(fields_, environment());
      expect_documented(fields_);
      invariants_.expect(fields_, environment());
    }
    model_->write(fields_, environment());
  }
  [[nodiscard]] double number(std::string_view name) const { return fields_.number(name); }
  [[nodiscard]] std::string first(std::string_view group) const {
    return std::string(group) + '.' + fields_.modules(group).front() + '.';
  }

 private:
  [[nodiscard]] Environment environment() const {
    Environment environment{.now = now_};
    environment.local_ms = unix_ms(now_) % kDay_ms;
    environment.grid_up = environment.local_ms < 10 * kHour_ms;
    environment.household_w = 1500;
    return environment;
  }

  VirtualFamily virtual_family_;
  Invariants invariants_;
  Fields fields_;
  std::unique_ptr<Model> model_;
  TimePoint now_{std::chrono::sys_days{std::chrono::April / 10 / 2025}};
};

TEST(Ageing, ShowsInADelta2AfterAYearOfDailyCycles) {
  Cycled device("delta_2", {{.field = "pd.standbyMin", .value = 0},
                            {.field = "mppt.acStandbyMins", .value = 0},
                            {.field = "pd.dcOutState", .value = 0},
                            {.field = "mppt.cfgChgWatts", .value = 400}});
  EXPECT_EQ(device.number("bms_bmsStatus.cycles"), 12);
  EXPECT_EQ(device.number("bms_bmsStatus.fullCap"), 20'000);
  EXPECT_EQ(device.number("bms_bmsStatus.soh"), 100);
  device.live(365);
  const double cycles = device.number("bms_bmsStatus.cycles");
  EXPECT_GT(cycles, 12 + 0.6 * 365);
  EXPECT_LE(cycles, 12 + 1.2 * 365);
  // The wear of its first twelve cycles was lost before; the last day's has no effect yet.
  const double full_mah =
      20'000 * health_at({.cycles = cycles, .years = 1}) / health_at({.cycles = 12});
  EXPECT_NEAR(device.number("bms_bmsStatus.fullCap"), full_mah, 4);
  EXPECT_LT(full_mah, 19'700);
  EXPECT_EQ(device.number("bms_bmsStatus.soh"), std::round(full_mah / 200));
}

// Old packs, as after some 800 cycles, go on ageing evenly. A generator charges them by day too.
TEST(Ageing, ShowsInThePacksOfPowerKits) {
  Cycled device("power_kits");
  const std::string full = device.first("bp2000") + "fullCap";
  EXPECT_EQ(device.number(full), 37'894);
  device.live(30);
  const double lost_mah = 37'894 - device.number(full);
  EXPECT_GT(lost_mah, 40'000 * (kSteadyWear * 5 + kWearByYear * 29 / 365));
  EXPECT_LT(lost_mah, 40'000 * (kSteadyWear * 30 * 3 + kWearByYear * 30 / 365));
}

TEST(Ageing, ShowsInThePacksOfASmartHomePanel) {
  Cycled device("smart_home_panel");
  EXPECT_EQ(device.number("heartbeat.backupFullCap"), 156'800);
  device.live(30);
  const double lost_mah = 156'800 - device.number("heartbeat.backupFullCap");
  EXPECT_GT(lost_mah, 160'000 * (kSteadyWear * 5 + kWearByYear * 29 / 365));
  EXPECT_LT(lost_mah, 160'000 * (kSteadyWear * 30 + kWearByYear * 30 / 365));
}

}  // namespace
}  // namespace gridloom::sim
