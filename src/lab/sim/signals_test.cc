#include "sim/signals.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "catalog/loader.h"
#include "sim/models/parts.h"

namespace gridloom::sim {
namespace {

constexpr std::string_view kWeather = R"yaml(
family: weather
product: Weather
description: A station with signals of all shapes
prefixes: [WE]
reports:
  all: {fields: [air., sun, resets, reset_at, fan, fan_starts, fan_time, fan_minutes, pack.]}
fields:
  air.f: {type: float, unit: °F, description: Air, signal: {formula: air.c * 1.8 + 32}}
  air.c:
    type: float
    unit: °C
    scale: 0.1
    description: Air
    signal: {shape: sine, range: [5, 20], period_s: 86400, phase_s: 3600}
  air.hot: {type: bool, description: Hot, signal: {formula: "max(air.c - 15, 0)"}}
  air.level: {type: int, range: [0, 10], description: Level, signal: {formula: air.c - 8}}
  air.hpa:
    type: int
    initial: 1000
    description: Pressure
    signal: {shape: random_walk, range: [980, 1030], step: 3}
  sun: {type: float, description: Sun, signal: {shape: ramp, range: [0, 10], period_s: 60, phase_s: 5}}
  resets: {type: int, initial: 7, description: Restarts, signal: {shape: count, period_s: 3600}}
  reset_at: {type: int, unit: s, absent: 0, description: Last restart,
             signal: {shape: moment, of: resets}}
  fan: {type: int, description: Fan}
  fan_starts: {type: int, initial: 3, description: Starts of the fan,
               signal: {shape: count, when: fan - 1}}
  fan_time: {type: int, unit: s, initial: 50, description: Time of the fan,
             signal: {shape: time, when: fan - 1}}
  fan_minutes: {type: int, unit: min, description: Time of the fan,
                signal: {shape: time, when: fan - 1}}
  pack.*.amp: {type: float, description: Current, signal: {formula: pack.*.watts / 50}}
  pack.*.watts: {type: int, description: Power, initial: 100}
  pack.*.c: {type: float, unit: °C, description: Air, signal: {shape: air}}
virtual:
  modules: {pack: [P-1, P-2]}
)yaml";

struct SignalsTest : testing::Test {
  FieldTablePtr table =
      std::make_shared<const FieldTable>(catalog::load_family("weather.yaml", kWeather).value());
  Fields fields{table};
  ModelMaker make = model_maker(table).value();

  // At a site one hour east of UTC.
  static Environment at(std::chrono::seconds local) {
    Environment environment;
    environment.now =
        std::chrono::sys_days{std::chrono::May / 5 / 2025} + local - std::chrono::hours{1};
    environment.local_ms = std::chrono::duration_cast<Millis>(local).count() % kDay_ms;
    return environment;
  }
  double value(std::string_view name) { return fields.si(table->find(name).value()); }
};

using std::chrono::hours;
using std::chrono::seconds;

TEST_F(SignalsTest, FollowTheSitesClock) {
  const auto model = make(Chance(1));
  model->start(fields, at(seconds{5}));
  const struct {
    seconds time;
    double celsius = 0;
    double sun = 0;
  } rows[] = {{hours{1} + seconds{5}, 12.5, 0},
              {hours{7} + seconds{20}, 20, 2.5},
              {hours{13} + seconds{35}, 12.5, 5},
              {hours{19} + seconds{50}, 5, 7.5},
              {hours{25} + seconds{4}, 12.5, 59.0 / 6}};
  for (const auto& row : rows) {
    model->write(fields, at(row.time));
    EXPECT_NEAR(value("air.c"), row.celsius, 0.02) << row.time.count();
    EXPECT_NEAR(value("sun"), row.sun, 1e-4) << row.time.count();
  }
}

TEST_F(SignalsTest, ShowTheAirAroundTheDevice) {
  const auto model = make(Chance(1));
  Environment environment = at(hours{7});
  environment.set_air(-3.5);
  model->start(fields, environment);
  EXPECT_EQ(value("pack.P-1.c"), -3.5);
  environment.air_c = 21;
  model->write(fields, environment);
  EXPECT_EQ(value("pack.P-2.c"), 21);
}

TEST_F(SignalsTest, ComputeFormulasFromTheValuesOfTheSameMoment) {
  const auto model = make(Chance(1));
  model->start(fields, at(hours{7}));
  EXPECT_NEAR(value("air.f"), 68, 0.01);
  EXPECT_TRUE(fields.on(table->find("air.hot").value()));
  EXPECT_EQ(value("air.level"), 10) << "the end of its range";
  model->write(fields, at(hours{19}));
  EXPECT_NEAR(value("air.f"), 41, 0.01);
  EXPECT_FALSE(fields.on(table->find("air.hot").value()));
  EXPECT_EQ(value("air.level"), 0);
}

TEST_F(SignalsTest, CountFromTheInitialValueAndGoOnAfterARestart) {
  auto model = make(Chance(1));
  model->start(fields, at(seconds{0}));
  EXPECT_EQ(value("resets"), 7);
  const auto live = [&](hours from, hours until) {
    for (seconds now = from; now < until; now += seconds{10}) {
      const double before = value("resets");
      model->step(at(now), Millis{10'000});
      model->write(fields, at(now));
      ASSERT_GE(value("resets"), before);
      ASSERT_LE(value("resets"), before + 1);
    }
  };
  live(hours{0}, hours{100});
  const double after_100 = value("resets");
  EXPECT_NEAR(after_100, 107, 30);
  model = make(Chance(2));
  model->resume(fields, at(hours{100}), {}, {});
  EXPECT_EQ(value("resets"), after_100);
  live(hours{100}, hours{120});
  EXPECT_GT(value("resets"), after_100);
}

// Events come at the same times, whatever the steps are and whenever the device was restarted.
TEST_F(SignalsTest, EventsDependOnTheTimeAlone) {
  constexpr hours kEnd{30};
  const auto model = make(Chance(1));
  model->start(fields, at(seconds{0}));
  for (seconds now{2}; now <= kEnd; now += seconds{2}) model->step(at(now), Millis{2'000});
  model->write(fields, at(kEnd));
  EXPECT_GT(value("resets"), 17);
  const auto kept = static_cast<std::int64_t>(value("reset_at"));
  EXPECT_GT(kept, unix_ms(at(seconds{0}).now) / 1000);
  EXPECT_LE(kept, unix_ms(at(kEnd).now) / 1000);
  Fields coarse(table);
  auto other = make(Chance(1));
  other->start(coarse, at(seconds{0}));
  for (seconds now{60}; now <= kEnd; now += seconds{60}) {
    other->step(at(now), Millis{60'000});
    other->write(coarse, at(now));
    if (now.count() % 7 != 0) continue;
    other = make(Chance(1));
    other->resume(coarse, at(now), {}, {});
  }
  EXPECT_EQ(coarse.si(table->find("resets").value()), value("resets"));
  EXPECT_EQ(coarse.si(table->find("reset_at").value()), value("reset_at"));
}

TEST_F(SignalsTest, CountAndTimeWhatIsTrue) {
  auto model = make(Chance(1));
  fields.set("fan", 2);
  model->start(fields, at(seconds{0}));
  EXPECT_EQ(value("fan_starts"), 3) << "it runs from the start";
  seconds now{0};
  const struct {
    int fan = 0;
    int steps = 0;
    int starts = 0;
    int time_s = 0;
    int minutes = 0;
    bool restarts = false;
  } rows[] = {
      {.fan = 2, .steps = 1, .starts = 3, .time_s = 80},
      {.fan = 1, .steps = 1, .starts = 3, .time_s = 110, .minutes = 1},  // it ran until now
      {.fan = 1, .steps = 3, .starts = 3, .time_s = 110, .minutes = 1},
      {.fan = 5, .steps = 1, .starts = 4, .time_s = 110, .minutes = 1},
      {.fan = 2, .steps = 5, .starts = 4, .time_s = 260, .minutes = 3},
      {.fan = 2, .steps = 0, .starts = 4, .time_s = 260, .minutes = 3, .restarts = true},
      {.fan = 2, .steps = 4, .starts = 4, .time_s = 380, .minutes = 5},
      {.fan = 1, .steps = 1, .starts = 4, .time_s = 410, .minutes = 5},
      {.fan = 2, .steps = 0, .starts = 5, .time_s = 410, .minutes = 5, .restarts = true},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(now.count());
    if (row.restarts) {
      model = make(Chance(1));
      model->resume(fields, at(now), {}, {});
    }
    fields.set("fan", row.fan);
    for (int k = 0; k < row.steps; ++k) {
      now += seconds{30};
      model->step(at(now), Millis{30'000});
    }
    model->write(fields, at(now));
    model->write(fields, at(now));
    EXPECT_EQ(value("fan_starts"), row.starts);
    EXPECT_EQ(value("fan_time"), row.time_s);
    EXPECT_EQ(value("fan_minutes"), row.minutes);
  }
}

TEST_F(SignalsTest, OfModulesReadTheirOwnModule) {
  const auto model = make(Chance(1));
  model->start(fields, at(hours{7}));
  fields.set("pack.P-2.watts", 250);
  model->write(fields, at(hours{7}));
  EXPECT_EQ(value("pack.P-1.amp"), 2);
  EXPECT_EQ(value("pack.P-2.amp"), 5);
}

TEST_F(SignalsTest, ComputeEachElementOfAnArrayAndTheNameOfAText) {
  constexpr std::string_view kPanel = R"yaml(
family: panel
product: Panel
description: A panel with two circuits
prefixes: [PA]
reports:
  all: {fields: [volts, watts, amps, state]}
fields:
  volts: {type: int, description: Voltage, initial: 120}
  watts: {type: array, description: Power, initial: [240, 0]}
  amps: {type: array, description: Current, initial: [0, 0],
         signal: {formula: ["'watts[0]' / volts", "'watts[1]' / volts"]}}
  state: {type: string, values: {OFF: off, ON: on}, description: State, initial: "OFF",
          signal: {formula: "min('amps[1]', 1)"}}
)yaml";
  const auto panel =
      std::make_shared<const FieldTable>(catalog::load_family("panel.yaml", kPanel).value());
  Fields of_panel(panel);
  const auto model = model_maker(panel).value()(Chance(1));
  model->start(of_panel, at(hours{7}));
  EXPECT_EQ(of_panel.get("amps"), wire::Json({2, 0}));
  EXPECT_EQ(of_panel.get("state"), "OFF");
  of_panel.set("watts", wire::Json({60, 180}));
  model->write(of_panel, at(hours{7}));
  EXPECT_EQ(of_panel.get("amps"), wire::Json({0.5, 1.5}));
  EXPECT_EQ(of_panel.get("state"), "ON") << "it follows an element of this step";
}

TEST_F(SignalsTest, WalkWithinTheirRangeAndTheSameWayWithTheSameChance) {
  const auto model = make(Chance(1));
  const auto same = make(Chance(1));
  const auto other = make(Chance(2));
  Fields of_same(table);
  Fields of_other(table);
  model->start(fields, at(hours{0}));
  same->start(of_same, at(hours{0}));
  other->start(of_other, at(hours{0}));
  const Slot hpa = table->find("air.hpa").value();
  EXPECT_EQ(fields.si(hpa), 1000) << "it begins at its initial value";
  std::set<double> seen;
  int differences = 0;
  for (int minute = 1; minute <= 5000; ++minute) {
    for (const auto& [one, of_one] :
         {std::pair{model.get(), &fields}, {same.get(), &of_same}, {other.get(), &of_other}}) {
      const Environment around = at(std::chrono::minutes{minute});
      one->step(around, Millis{60'000});
      one->write(*of_one, around);
    }
    const double now = fields.si(hpa);
    ASSERT_GE(now, 980);
    ASSERT_LE(now, 1030);
    ASSERT_EQ(now, of_same.si(hpa));
    differences += now == of_other.si(hpa) ? 0 : 1;
    seen.insert(now);
  }
  EXPECT_GT(seen.size(), 45U) << "it goes everywhere";
  EXPECT_GT(differences, 4000);
}

TEST_F(SignalsTest, AWalkDoesNotDependOnTheStepsNorOnHowOftenItIsWritten) {
  constexpr hours kEnd{30};
  const Slot hpa = table->find("air.hpa").value();
  const auto model = make(Chance(1));
  const auto coarse = make(Chance(1));
  Fields of_coarse(table);
  model->start(fields, at(hours{0}));
  coarse->start(of_coarse, at(hours{0}));
  std::set<double> seen;
  for (seconds now{2}; now <= kEnd; now += seconds{2}) {
    model->step(at(now), Millis{2000});
    if (now.count() % 10 == 0) model->write(fields, at(now));
    if (now.count() % 60 != 0) continue;
    coarse->step(at(now), Millis{60'000});
    coarse->write(of_coarse, at(now));
    ASSERT_EQ(fields.si(hpa), of_coarse.si(hpa)) << now.count();
    seen.insert(fields.si(hpa));
  }
  EXPECT_GT(seen.size(), 20U);
}

TEST_F(SignalsTest, AWalkGoesOnFromItsLastValueAfterARestart) {
  const Slot hpa = table->find("air.hpa").value();
  auto model = make(Chance(1));
  model->start(fields, at(hours{0}));
  for (int hour = 1; hour <= 200; ++hour) {
    const Environment around = at(hours{hour});
    model->step(around, Millis{60'000});
    model->write(fields, around);
    const double before = fields.si(hpa);
    model = make(Chance(1));
    model->resume(fields, around, {}, {});
    ASSERT_EQ(fields.si(hpa), before);
  }
}

// A value that somebody else changed, such as a fault, comes back, and so does what reads it.
TEST_F(SignalsTest, SeeWhatOthersChanged) {
  const auto model = make(Chance(1));
  model->start(fields, at(hours{7}));
  const Slot watts = table->find("pack.P-1.watts").value();
  const Slot amp = table->find("pack.P-1.amp").value();
  for (const int round : {1, 2}) {
    SCOPED_TRACE(round);
    fields.pin(watts.index, 400);
    fields.clear_changes();
    model->write(fields, at(hours{7}));
    EXPECT_EQ(value("pack.P-1.amp"), 8);
    fields.unpin(watts.index);
    fields.pin(amp.index, 77);
    fields.clear_changes();
    model->write(fields, at(hours{7}));
    EXPECT_EQ(value("pack.P-1.amp"), 77);
    fields.unpin(amp.index);
    fields.clear_changes();
    model->write(fields, at(hours{7}));
    EXPECT_EQ(value("pack.P-1.amp"), 2);
  }
}

}  // namespace
}  // namespace gridloom::sim
