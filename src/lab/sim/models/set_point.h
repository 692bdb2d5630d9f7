// A converter that follows its set-point as real ones do: after a dead time (radio, bus, control
// loop), along a ramp, and for a moment a little past it. One thread at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "sim/kept.h"
#include "sim/models/parts.h"

namespace gridloom::sim {

class SetPoint {
 public:
  struct Options {
    Millis dead_time{0};
    double up_w_per_s = 0;
    double down_w_per_s = 0;
    double overshoot = 0;  // of the change
  };
  explicit SetPoint(const Options& options) : options_(options) {}

  // The power at the end of a step of `dt`, for what is wanted since its beginning.
  [[nodiscard]] double follow(double wanted_w, Millis dt) {
    request(wanted_w);
    arrive(dt);
    const double seconds = seconds_of(dt);
    const double before_w = power_w_;
    power_w_ += std::clamp(target_w_ - power_w_, -options_.down_w_per_s * seconds,
                           options_.up_w_per_s * seconds);
    const double change_w = power_w_ - before_w;
    const bool arrived = power_w_ == target_w_ && std::abs(change_w) > kSmall_w;
    return power_w_ + (arrived && dt <= kOvershoot ? options_.overshoot * change_w : 0);
  }
  // Nothing is converted, and nothing wanted.
  void stop() {
    waiting_ = 0;
    wanted_w_ = target_w_ = power_w_ = 0;
  }
  // With the requests on their way.
  void keep(this auto& self, auto& kept) {
    kept("now", self.now_ms_);
    kept("requests", self.requests_);
    kept("first", self.first_);
    kept("waiting", self.waiting_);
    kept("wanted", self.wanted_w_);
    kept("target", self.target_w_);
    kept("power", self.power_w_);
    if constexpr (kReads<decltype(kept)>) self.waiting_ = std::min(self.waiting_, kMost);
  }
  // At once, as after a start.
  void jump(double power_w) {
    stop();
    wanted_w_ = target_w_ = power_w_ = power_w;
  }

 private:
  static constexpr double kSmall_w = 20;     // a smaller change goes to its end without more
  static constexpr Millis kOvershoot{4000};  // in a longer step it does not show

  // A set-point on its way.
  struct Request {
    std::int64_t due_ms = 0;
    double power_w = 0;

    void keep(this auto& self, auto& kept) {
      kept("due", self.due_ms);
      kept("power", self.power_w);
    }
  };
  static constexpr std::size_t kMost = 4;

  [[nodiscard]] Request& waiting(std::size_t k) { return requests_[(first_ + k) % kMost]; }
  void request(double wanted_w) {
    if (wanted_w == wanted_w_) return;
    wanted_w_ = wanted_w;
    if (waiting_ < kMost) ++waiting_;
    waiting(waiting_ - 1) = {.due_ms = now_ms_ + options_.dead_time.count(), .power_w = wanted_w};
  }
  void arrive(Millis dt) {
    now_ms_ += dt.count();
    while (waiting_ > 0 && waiting(0).due_ms <= now_ms_) {
      target_w_ = waiting(0).power_w;
      ++first_;
      --waiting_;
    }
  }

  Options options_;
  std::int64_t now_ms_ = 0;
  std::array<Request, kMost> requests_{};  // a ring of `waiting_`, by time
  std::size_t first_ = 0;
  std::size_t waiting_ = 0;
  double wanted_w_ = 0;
  double target_w_ = 0;
  double power_w_ = 0;
};

}  // namespace gridloom::sim
