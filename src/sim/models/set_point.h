// A converter that follows its set-point as real ones do: after a dead time (radio, bus, control
// loop), along a ramp, and for a moment a little past it. One thread at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
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
    std::int64_t left_ms = 0;
    double power_w = 0;
  };
  void request(double wanted_w) {
    if (wanted_w == wanted_w_) return;
    wanted_w_ = wanted_w;
    if (waiting_ < requests_.size()) ++waiting_;
    requests_.at(waiting_ - 1) = {.left_ms = options_.dead_time.count(), .power_w = wanted_w};
  }
  void arrive(Millis dt) {
    for (std::size_t k = 0; k < waiting_; ++k) requests_.at(k).left_ms -= dt.count();
    std::size_t arrived = 0;
    while (arrived < waiting_ && requests_.at(arrived).left_ms <= 0) {
      target_w_ = requests_.at(arrived++).power_w;
    }
    if (arrived == 0) return;
    std::move(requests_.begin() + static_cast<std::ptrdiff_t>(arrived),
              requests_.begin() + static_cast<std::ptrdiff_t>(waiting_), requests_.begin());
    waiting_ -= arrived;
  }

  Options options_;
  std::array<Request, 4> requests_{};  // the first `waiting_`, by time
  std::size_t waiting_ = 0;
  double wanted_w_ = 0;
  double target_w_ = 0;
  double power_w_ = 0;
};

}  // namespace gridloom::sim
