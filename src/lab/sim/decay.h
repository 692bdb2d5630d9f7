// The factor by which a first-order lag shrinks its distance to its target: exp(-seconds / time_s).
//
// A device's steps usually have one length, so the factor is computed only when the length changes.
// One thread at a time.
#pragma once

#include <cmath>

namespace gridloom::sim {

class Decay {
 public:
  explicit Decay(double time_s) : time_s_(time_s) {}

  [[nodiscard]] double over(double seconds) {
    if (seconds != seconds_) {
      seconds_ = seconds;
      factor_ = std::exp(-seconds / time_s_);
    }
    return factor_;
  }

 private:
  double time_s_;  // after this, 63 % of the way is done
  double seconds_ = 0;
  double factor_ = 1;
};

}  // namespace gridloom::sim
