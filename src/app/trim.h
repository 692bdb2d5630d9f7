// After a crowd has gone, the allocator keeps what it used. This tells when it is worth the few
// milliseconds to have it given back: when connections have fallen to less than half of what they
// were, and have stayed so for a while.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/clock.h"

namespace gridloom::app {

class Trim {
 public:
  // To be told a few times a second. True: now.
  [[nodiscard]] bool is_due(std::size_t connections, TimePoint now) {
    peak_ = std::max(peak_, connections);
    if (peak_ < kCrowd || connections > peak_ / 2) {
      since_.reset();
      return false;
    }
    if (!since_) since_ = now;
    if (now - *since_ < kCalm) return false;
    peak_ = connections;
    since_.reset();
    return true;
  }

 private:
  static constexpr std::size_t kCrowd = 100;
  static constexpr Millis kCalm{2000};

  std::size_t peak_ = 0;
  std::optional<TimePoint> since_;
};

}  // namespace gridloom::app
