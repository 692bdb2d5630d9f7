// The pauses between attempts to reach a peer that is away: each is twice as long as the one before
// it, up to a longest one, or as long as the peer asks. One thread at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/clock.h"

namespace gridloom {

class GrowingPause {
 public:
  struct Options {
    Millis shortest{1'000};
    Millis longest{60'000};
  };
  GrowingPause() : GrowingPause(Options{}) {}
  explicit GrowingPause(const Options& options) : options_(options) {}

  // Before the next attempt.
  [[nodiscard]] Millis next(std::optional<Millis> asked = {}) {
    const Millis own = pause_;
    pause_ = std::min(pause_ * 2, options_.longest);
    return std::max(own, asked.value_or(Millis(0)));
  }
  // An attempt was a success.
  void reset() { pause_ = options_.shortest; }

 private:
  Options options_;
  Millis pause_ = options_.shortest;
};

}  // namespace gridloom
