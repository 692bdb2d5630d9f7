// Limits how often something is logged: a number of times within a span. Suppressed lines are
// counted, so that the next line can say how many there were. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace gridloom {

class LogThrottle {
 public:
  struct Options {
    std::uint64_t times = 10;
    Millis within{1000};
  };
  explicit LogThrottle(Options options) : options_(options) {}

  // Nothing: suppressed. Otherwise the number of lines suppressed since the last admitted one.
  [[nodiscard]] std::optional<std::uint64_t> admit(TimePoint now) {
    const std::scoped_lock lock(mutex_);
    if (!window_begin_ || now - *window_begin_ >= options_.within || now < *window_begin_) {
      window_begin_ = now;
      admitted_ = 0;
    }
    if (admitted_ >= options_.times) {
      ++suppressed_;
      return std::nullopt;
    }
    ++admitted_;
    return std::exchange(suppressed_, 0);
  }

 private:
  Options options_;
  std::mutex mutex_;
  std::optional<TimePoint> window_begin_;
  std::uint64_t admitted_ = 0;
  std::uint64_t suppressed_ = 0;
};

}  // namespace gridloom
