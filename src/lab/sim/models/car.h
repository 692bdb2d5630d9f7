// An electric car that is plugged in two or three times a week, while its people are not on a
// holiday: by day it charges with what the sun leaves over, else at a fixed power from when it
// comes home in the evening. One thread at a time.
#pragma once

#include <algorithm>
#include <cmath>
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

  // Call it before the rest on each day. `away`: nobody is there to plug it in.
  [[nodiscard]] bool is_new_day(const Environment& environment) const {
    return local_day(environment) != day_;
  }
  void begin_day(const Environment& environment, bool away) {
    const std::int64_t day = day_ = local_day(environment);
    const auto index = static_cast<std::uint64_t>(day);
    const bool weekend = day % 7 == kSaturday || day % 7 == kSunday;
    const bool is_plugged_in = !away && chance_.uniform(2 * index) < kPlugsPerDay;
    const double need_wh =
        kUsualNeed_wh * std::exp(kNeedSigma * chance_.split("need").normal(index));
    need_wh_ = is_plugged_in ? std::min(need_wh, kMostNeed_wh) : 0;
    home_by_day_ = chance_.uniform(2 * index + 1) < (weekend ? kHomeOnWeekends : kHomeOnWorkDays);
    const double arrives_h = kArrives_h + kArrivesSpread_h * chance_.split("arrival").normal(index);
    arrives_h_ = std::clamp(arrives_h, 14.0, 22.0);
  }

  // Continues a day in which the car was charging, or not, at the hour of the last report. The
  // energy that it had got by then follows from the hour, as far as it charges at a fixed power.
  void resume(double last_hour, bool charging) {
    if (home_by_day_ || last_hour < arrives_h_) return;
    const double got_wh = charger_.night_a * kPhase_v * (last_hour - arrives_h_);
    need_wh_ = charging ? std::max(0.0, need_wh_ - got_wh) : 0;
  }

  // Holds for this day; call it after begin_day().
  void keep(this auto& self, auto& kept) {
    std::int64_t day = self.day_;
    kept("day", day);
    if (day != self.day_) return;
    kept("need", self.need_wh_);
    kept("patient", self.patient_until_);
  }

  // The charging power, given the surplus of the sun.
  double plan_w(const Environment& environment, double surplus_w, double home_soc) {
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
  static constexpr std::int64_t kSaturday = 2;  // 1970 began on a Thursday
  static constexpr std::int64_t kSunday = 3;
  static constexpr double kPlugsPerDay = 0.37;
  static constexpr double kUsualNeed_wh = 11'000;
  static constexpr double kNeedSigma = 0.6;
  static constexpr double kMostNeed_wh = 45'000;
  static constexpr double kHomeOnWeekends = 0.7;
  static constexpr double kHomeOnWorkDays = 0.15;
  static constexpr double kArrives_h = 17.4;
  static constexpr double kArrivesSpread_h = 1.8;
  static constexpr double kPhase_v = 230;
  static constexpr double kHour_s = 3600;

  // A cloud, or a kettle, does not end the charge: it continues with the least current for a while.
  double steady_a(double sun_a, TimePoint now) {
    if (sun_a >= charger_.least_a) {
      patient_until_ = now + kPatience;
      return sun_a;
    }
    return now < patient_until_ ? charger_.least_a : 0;
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
