#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "base/clock.h"
#include "sim/model.h"
#include "sim/models/test_power_ocean_invariants.h"
#include "sim/test_bench.h"

namespace gridloom::sim {
namespace {

// A bright spring day, repeated.
Environment at_minute(std::int64_t minute) {
  Environment environment;
  environment.now = TimePoint(Millis(1'750'000'000'000 / kDay_ms * kDay_ms + minute * 60'000));
  environment.local_ms = minute * 60'000 % kDay_ms;
  const double hour = static_cast<double>(environment.local_ms) / 3'600'000;
  environment.sun = std::max(0.0, 0.8 * std::sin((hour - 6) / 12 * 3.14159));
  environment.set_air(4 + 6 * environment.sun);
  environment.household_w = hour > 17 && hour < 22 ? 900.4 : 300.7;
  return environment;
}

double at(const wire::Json& value, std::string_view key) {
  return value.as_object().at(key).to_number<double>();
}

struct Home {
  VirtualFamily virtual_family{family_of("power_ocean")};
  Fields fields{virtual_family.table};
  std::unique_ptr<Model> model = virtual_family.make_model(Chance(7));

  Invariants invariants = power_ocean_invariants(virtual_family.table);

  void step(const Environment& environment, Millis time) {
    model->step(environment, time);
    model->write(fields, environment);
    invariants.expect(fields, environment);
  }
};

TEST(PowerOceanModel, BalancesEveryReportedWattThroughDaysOfSunAndNight) {
  Home home;
  home.model->start(home.fields, at_minute(0));
  home.invariants.expect(home.fields, at_minute(0));
  double lowest_soc = 100;
  double highest_soc = 0;
  double most_ev_w = 0;
  double most_rod_w = 0;
  for (std::int64_t minute = 1; minute < 4 * 1440; ++minute) {
    home.step(at_minute(minute), Millis(60'000));
    lowest_soc = std::min(lowest_soc, home.fields.number("bpSoc"));
    highest_soc = std::max(highest_soc, home.fields.number("bpSoc"));
    most_ev_w = std::max(most_ev_w, home.fields.number("evPwr"));
    most_rod_w =
        std::max(most_rod_w, at(home.fields.get("hrEnergyStream").as_array().at(0), "hrPwr"));
    ASSERT_NEAR(home.fields.number("sectorA.tempCurr"), 21.5, 2);
    ASSERT_GT(home.fields.number("sectorDhw.tempCurr"), 40);
    ASSERT_LT(home.fields.number("sectorDhw.tempCurr"), 66);
  }
  EXPECT_GE(lowest_soc, 4);
  EXPECT_LT(lowest_soc, 40);
  EXPECT_GT(highest_soc, 90);
  EXPECT_GT(most_ev_w, 1300);
  EXPECT_GT(most_rod_w, 300);
}

TEST(PowerOceanModel, CarriesTheHomeWithoutAGridAndTakesNoMoreSunThanItCanUse) {
  Home home;
  home.model->start(home.fields, at_minute(0));
  for (std::int64_t minute = 1; minute < 3 * 1440; ++minute) {
    Environment environment = at_minute(minute);
    environment.grid_up = false;
    if (minute > 2880) environment.sun = 0;  // until the battery is empty
    home.step(environment, Millis(60'000));
  }
  EXPECT_LE(home.fields.number("bpSoc"), 7);
  EXPECT_EQ(home.fields.number("sysLoadPwr"), 0);
}

TEST(PowerOceanModel, IsTheSameForTheSameChance) {
  Home one;
  Home two;
  for (Home* home : {&one, &two}) {
    home->model->start(home->fields, at_minute(700));
    home->step(at_minute(701), Millis(2000));
  }
  for (const Fields::Entry& entry : one.fields.entries()) {
    EXPECT_EQ(one.fields.get(entry.slot), two.fields.get(entry.slot)) << entry.name;
  }
}

}  // namespace
}  // namespace gridloom::sim
