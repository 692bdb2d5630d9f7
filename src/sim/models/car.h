// An electric car that charges at the home: by day with what the sun leaves over, on other days at
// a fixed power when it comes home in the evening. One thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/model.h"
#include "sim/models/parts.h"
#include "sim/rounding.h"

namespace gridloom::sim {

class Car {
 public:
  // Currents of one phase.
  struct Charger {
    double least_a = 0;
    double most_a = 0;
    double night_a = 0;
  };
  // The car's days are drawn from `chance`.
  Car(const Charger& charger, Chance chance) : charger_(charger), chance_(chance) {}

  // Continues a day in which the car was charging, or not, at the hour of the last report. The
  // energy that it had got by then follows from the hour, as far as it charges at a fixed power.
  void resume(const Environment& environment, double last_hour, bool charging) {
    begin_day(local_day(environment));
    if (home_by_day_ || last_hour < arrives_h_) return;
    const double got_wh = charger_.night_a * kPhase_v * (last_hour - arrives_h_);
    need_wh_ = charging ? std::max(0.0, need_wh_ - got_wh) : 0;
  }

  // The charging power, given the surplus of the sun.
  double plan_w(const Environment& environment, double surplus_w, double home_soc) {
    begin_day(local_day(environment));
    const double hour = hour_of(environment);
    if (!environment.grid_up || need_wh_ <= 0) return 0;
    if (!home_by_day_) return hour >= arrives_h_ ? charger_.night_a * kPhase_v : 0;
    if (hour < 9.5 || hour >= 16.5 || home_soc < kHomeFirst_percent) return 0;
    const double amps = std::min(round_down(surplus_w / kPhase_v), charger_.most_a);
    return steady_a(amps, environment.now) * kPhase_v;
  }
  void charge(double power_w, double seconds) { need_wh_ -= power_w * seconds / kHour_s; }

 private:
  static constexpr double kHomeFirst_percent = 50;  // by day the home's battery is charged first
  static constexpr Millis kPatience{3 * 60'000};
  static constexpr double kArrives_h = 17.4;
  static constexpr double kArrivesSpread_h = 1.6;
  static constexpr double kPhase_v = 230;
  static constexpr double kHour_s = 3600;

  // A cloud, or a kettle, does not end the charge: it goes on with the least current for a while.
  double steady_a(double sun_a, TimePoint now) {
    if (sun_a >= charger_.least_a) {
      patient_until_ = now + kPatience;
      return sun_a;
    }
    return now < patient_until_ ? charger_.least_a : 0;
  }

  void begin_day(std::int64_t day) {
    if (day == day_) return;
    day_ = day;
    const auto index = static_cast<std::uint64_t>(day);
    need_wh_ = 5000 + 9000 * chance_.uniform(2 * index);
    home_by_day_ = chance_.uniform(2 * index + 1) < 0.5;
    const double arrives_h = kArrives_h + kArrivesSpread_h * chance_.split("arrival").normal(index);
    arrives_h_ = std::clamp(arrives_h, 16.0, 22.0);
  }

  Charger charger_;
  Chance chance_;
  std::int64_t day_ = -1;
  double need_wh_ = 0;
  TimePoint patient_until_{};
  bool home_by_day_ = false;
  double arrives_h_ = 19;
};

}  // namespace gridloom::sim
