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
    if (!begun_ || now - *begun_ >= options_.within || now < *begun_) {
      begun_ = now;
      said_ = 0;
    }
    if (said_ >= options_.times) {
      ++left_out_;
      return std::nullopt;
    }
    ++said_;
    return std::exchange(left_out_, 0);
  }

 private:
  Options options_;
  std::mutex mutex_;
  std::optional<TimePoint> begun_;
  std::uint64_t said_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace gridloom
