// Small components that the families' models share: lags, tapers, latches with hysteresis, idle
// timers and noise. They know no field by name.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/model.h"
#include "sim/quick_noise.h"
#include "sim/rounding.h"
#include "time/time_zone.h"

namespace gridloom::sim {

constexpr std::int64_t kMinute_ms = 60'000;
constexpr std::int64_t kHour_ms = 60 * kMinute_ms;
constexpr Millis kInstant{1};  // a step this long makes a command show at once

[[nodiscard]] inline double seconds_of(Millis time) {
  return static_cast<double>(time.count()) / 1000;
}
[[nodiscard]] inline double hour_of(const Environment& environment) {
  return static_cast<double>(environment.local_ms) / kHour_ms;
}
// The time that the site's clocks show.
[[nodiscard]] inline time::LocalTime local_time(const Environment& environment) {
  return time::LocalTime(environment.now.time_since_epoch() + environment.utc_offset);
}
// Days since 1970 by the site's clocks.
[[nodiscard]] inline std::int64_t local_day(const Environment& environment) {
  return std::chrono::floor<std::chrono::days>(local_time(environment)).time_since_epoch().count();
}

// Rounds to 1/`parts`: 10 rounds to tenths.
[[nodiscard]] inline double round_to(double value, double parts) {
  return round_half_away(value * parts) / parts;
}
// As above, rounded down.
[[nodiscard]] inline double floor_to(double value, double parts) {
  return round_down(value * parts) / parts;
}

// The value of a first-order lag after a step on its way to `to`.
struct Lag {
  double to = 0;
  double decay = 0;  // Decay::over() the step
};
[[nodiscard]] inline double settle(double from, const Lag& lag) {
  return lag.to + (from - lag.to) * lag.decay;
}

// The charge of a battery that stores this energy, at the voltage that its makers reckon with.
[[nodiscard]] inline double capacity_ah(double capacity_wh, double cells) {
  constexpr double kCell_v = 3.2;
  return capacity_wh / (cells * kCell_v);
}

// The fraction of its charging power that a battery takes: all up to `from_percent`, then less and
// less, down to `end_share` when full.
struct Taper {
  double from_percent = 90;
  double end_share = 0;

  [[nodiscard]] constexpr double at(double soc_percent) const {
    const double over = std::max(0.0, soc_percent - from_percent) / (100 - from_percent);
    return 1 - over * (1 - end_share);
  }
};

// A switch with hysteresis: on at one value and off at another. The order of the two determines the
// direction.
class Latch {
 public:
  struct Band {
    double from = 0;   // on at this value and beyond
    double until = 0;  // off at this value and beyond, on the other side; not equal to `from`
  };
  void update(double value, const Band& band) {
    const bool rises = band.from > band.until;
    const bool begins = rises ? value >= band.from : value <= band.from;
    const bool ends = rises ? value <= band.until : value >= band.until;
    on_ = begins || (on_ && !ends);
  }
  // The same at a limit that people set: a new one is obeyed at once.
  void update_at_limit(double value, const Band& band) {
    if (limit_ && *limit_ != band.from) release();
    limit_ = band.from;
    update(value, band);
  }
  void release() { on_ = false; }
  void restore(bool on) { on_ = on; }
  [[nodiscard]] bool on() const { return on_; }
  void keep(this auto& self, auto& kept) {
    kept("on", self.on_);
    kept("limit", self.limit_);
  }

 private:
  bool on_ = false;
  std::optional<double> limit_;
};

// How long something has been idle without interruption. It goes by the clock: the lengths of
// steps do not add up to it, because commands take a little of theirs and long ones are cut.
class IdleTimer {
 public:
  // Idle in the step of this length that ends `now`. A clock that was set back takes nothing away.
  void idle(TimePoint now, Millis time) {
    idle_ += until_ && now >= *until_ ? now - *until_ : time;
    until_ = now;
  }
  void busy(TimePoint now) {
    idle_ = Millis{0};
    until_ = now;
  }
  // A limit of 0 is never reached.
  [[nodiscard]] bool reached(std::int64_t limit_min) const {
    return limit_min > 0 && idle_.count() >= limit_min * kMinute_ms;
  }
  void keep(this auto& self, auto& kept) { kept("idle", self.idle_); }

 private:
  Millis idle_{0};
  std::optional<TimePoint> until_;  // counted up to here
};

// Measurement noise: another draw for every moment and purpose, the same whenever a device started.
class Noise {
 public:
  explicit Noise(const Chance& chance) : noise_(chance) {}
  void next_step(TimePoint now) {
    if (!std::exchange(repeats_, false)) now_ms_ = static_cast<std::uint64_t>(unix_ms(now));
  }
  // The next step has the same noise as the last one: a command changes no measurement.
  void repeat() { repeats_ = now_ms_ != 0; }
  // Whether the moment is the one of its minute in which values are read that change slowly.
  [[nodiscard]] bool is_minute() const { return now_ms_ % 60'000 < kUsualStep_ms; }
  // Mean 0, standard deviation 1; `purpose` is below 16.
  [[nodiscard]] double operator()(std::uint64_t purpose) const {
    return noise_.normal(now_ms_ * 16 + purpose);
  }

 private:
  static constexpr std::uint64_t kUsualStep_ms = 2000;

  QuickNoise noise_;
  std::uint64_t now_ms_ = 0;
  bool repeats_ = false;
};

}  // namespace gridloom::sim
