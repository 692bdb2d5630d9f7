// Decides when to call malloc_trim(). After many connections have closed, the allocator keeps the
// memory they used. Returning it costs a few milliseconds, which is worth it once the number of
// connections has fallen to less than half of its peak, and has stayed there for a while.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/clock.h"

namespace gridloom::app {

class MallocTrimPolicy {
 public:
  // Call a few times a second. True: trim now.
  [[nodiscard]] bool is_due(std::size_t connections, TimePoint now) {
    peak_ = std::max(peak_, connections);
    if (peak_ < kMinPeak || connections > peak_ / 2) {
      since_.reset();
      return false;
    }
    if (!since_) since_ = now;
    if (now - *since_ < kSettledFor) return false;
    peak_ = connections;
    since_.reset();
    return true;
  }

 private:
  static constexpr std::size_t kMinPeak = 100;
  static constexpr Millis kSettledFor{2000};

  std::size_t peak_ = 0;
  std::optional<TimePoint> since_;
};

}  // namespace gridloom::app
