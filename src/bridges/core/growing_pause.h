// The pauses between a bridge's attempts to reach its peer: one second, two, four and so on, up to
// a minute, or as long as the peer asks. One thread at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/clock.h"

namespace gridloom::bridges {

class GrowingPause {
 public:
  // Before the next attempt.
  [[nodiscard]] Millis next(std::optional<Millis> asked = {}) {
    const Millis own = pause_;
    pause_ = std::min(pause_ * 2, kLongest);
    return std::max(own, asked.value_or(Millis(0)));
  }
  // An attempt was a success.
  void reset() { pause_ = kShortest; }

 private:
  static constexpr Millis kShortest = std::chrono::seconds(1);
  static constexpr Millis kLongest = std::chrono::seconds(60);

  Millis pause_ = kShortest;
};

}  // namespace gridloom::bridges
