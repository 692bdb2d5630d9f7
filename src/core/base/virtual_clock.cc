#include "base/virtual_clock.h"

#include <algorithm>
#include <cmath>

namespace gridloom {

VirtualClock::VirtualClock(const Clock& wall, const Options& options)
    : wall_(wall),
      speed_(options.speed),
      paused_(options.paused),
      until_(options.until),
      base_(options.start),
      base_wall_(wall.now()) {}

TimePoint VirtualClock::now() const {
  const std::scoped_lock lock(mutex_);
  return now_locked();
}

TimePoint VirtualClock::now_locked() const {
  if (paused_) return base_;
  TimePoint now = base_;
  // A wall clock that was set back takes no time away.
  const double passed_ms = std::max(0.0, static_cast<double>((wall_.now() - base_wall_).count()));
  now += Millis(std::llround(passed_ms * (steps_ ? kFastest : speed_)));
  if (until_) now = std::min(now, *until_);
  if (allowed_) now = std::min(now, *allowed_);
  return std::max(now, base_);
}

bool VirtualClock::paused_locked() const { return paused_ || (until_ && now_locked() >= *until_); }

VirtualClock::State VirtualClock::state() const {
  const std::scoped_lock lock(mutex_);
  const TimePoint now = now_locked();
  return {.now = now,
          .speed = speed_,
          .paused = paused_locked(),
          .settled = !settled_ || *settled_ >= now};
}

double VirtualClock::speed() const {
  const std::scoped_lock lock(mutex_);
  return steps_ ? kFastest : speed_;
}

// Starts from the current time, so that a change of settings does not affect the time that has
// passed.
void VirtualClock::rebase() {
  const TimePoint now = now_locked();
  paused_ = paused_locked();
  base_ = now;
  base_wall_ = wall_.now();
  if (!paused_) return;
  steps_ = false;
  until_.reset();
}

void VirtualClock::pause() {
  const std::scoped_lock lock(mutex_);
  rebase();
  paused_ = true;
  steps_ = false;
  until_.reset();
}

void VirtualClock::resume() {
  const std::scoped_lock lock(mutex_);
  rebase();
  paused_ = false;
  steps_ = false;
  until_.reset();
}

void VirtualClock::set_speed(double speed) {
  const std::scoped_lock lock(mutex_);
  rebase();
  speed_ = speed;
}

void VirtualClock::step(Millis by) {
  const std::scoped_lock lock(mutex_);
  rebase();
  paused_ = false;
  steps_ = true;
  until_ = base_ + by;
}

void VirtualClock::skip_to(TimePoint at) {
  const std::scoped_lock lock(mutex_);
  base_ = std::max(now_locked(), at);
  base_wall_ = wall_.now();
}

void VirtualClock::allow_until(TimePoint at) {
  const std::scoped_lock lock(mutex_);
  allowed_ = at;
}

void VirtualClock::settled_until(TimePoint at) {
  const std::scoped_lock lock(mutex_);
  settled_ = at;
}

double rate_of(const VirtualClock* time) {
  if (time == nullptr) return 1;
  const VirtualClock::State state = time->state();
  return state.paused ? 0 : state.speed;
}

}  // namespace gridloom
