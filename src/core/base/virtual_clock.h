// A clock that runs fast, stands still or steps ahead, but never goes back. Simulated devices say
// how far it may run, so that it waits for them instead of running ahead of them.
//
// Thread rule: any function from any thread.
#pragma once

#include <mutex>
#include <optional>

#include "base/clock.h"

namespace gridloom {

class VirtualClock final : public Clock {
 public:
  static constexpr double kSlowest = 0.001;
  static constexpr double kFastest = 1'000'000;  // per second of `wall`; more than devices can do

  struct Options {
    TimePoint start;
    double speed = 1;                  // from kSlowest to kFastest
    std::optional<TimePoint> until{};  // pauses there
    bool paused = false;
  };
  VirtualClock(const Clock& wall, const Options& options);  // `wall` outlives it

  [[nodiscard]] TimePoint now() const override;

  struct State {
    TimePoint now;
    double speed = 1;
    bool paused = false;
    bool settled = true;  // devices sent everything up to now, and it was acknowledged
  };
  [[nodiscard]] State state() const;
  // The current speed, during a step too.
  [[nodiscard]] double speed() const;

  void pause();
  void resume();                 // without an end
  void set_speed(double speed);  // stays paused, or keeps the same end
  void step(Millis by);          // as fast as devices can, and then pauses

  // Goes on from there, if it is later than now.
  void skip_to(TimePoint at);

  // For the code that drives devices: time advances to `at` at most, until the next call.
  void allow_until(TimePoint at);
  // For the code that drives devices: everything up to `at` was sent and acknowledged.
  void settled_until(TimePoint at);

 private:
  [[nodiscard]] TimePoint now_locked() const;
  [[nodiscard]] bool paused_locked() const;
  void rebase();

  const Clock& wall_;
  mutable std::mutex mutex_;
  double speed_;
  bool paused_;
  bool steps_ = false;
  std::optional<TimePoint> until_;
  // The time was `base_` when the wall clock's time was `base_wall_`.
  TimePoint base_;
  TimePoint base_wall_;
  std::optional<TimePoint> allowed_;
  std::optional<TimePoint> settled_;
};

// How fast the devices' time runs: 0 while it is paused, and 1 if `time` is null, because it is
// the wall clock's then. A step does not count.
[[nodiscard]] double rate_of(const VirtualClock* time);

}  // namespace gridloom
