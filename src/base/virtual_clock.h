// Time that runs fast, stands still or goes ahead by a step; never back. Devices that are simulated
// in it say how far it may run, so that it waits for them instead of running away.
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
  static constexpr double kFastest = 1'000'000;  // of `wall`'s seconds in one; more than devices do

  struct Options {
    TimePoint start;
    double speed = 1;                  // from kSlowest to kFastest
    std::optional<TimePoint> until{};  // there it pauses
    bool paused = false;
  };
  VirtualClock(const Clock& wall, const Options& options);  // `wall` outlives it

  [[nodiscard]] TimePoint now() const override;

  struct State {
    TimePoint now;
    double speed = 1;
    bool paused = false;
    bool settled = true;  // devices have said everything up to now, and it was taken
  };
  [[nodiscard]] State state() const;
  // As fast as it goes now, during a step too.
  [[nodiscard]] double speed() const;

  void pause();
  void resume();                 // to no end
  void set_speed(double speed);  // it goes on as it does: paused, or to the same end
  void step(Millis by);          // as fast as devices can, and then it pauses

  // Of who drives devices: until this is called again, time goes to `at` at most.
  void allow_until(TimePoint at);
  // Everything up to then is done and taken.
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
  // It was `base_` when the wall's time was `base_wall_`.
  TimePoint base_;
  TimePoint base_wall_;
  std::optional<TimePoint> allowed_;
  std::optional<TimePoint> settled_;
};

}  // namespace gridloom
