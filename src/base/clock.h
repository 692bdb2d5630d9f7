// Time is passed in, so that a test owns it. All times are UTC milliseconds.
#pragma once

#include <chrono>
#include <cstdint>

namespace gridloom {

using Millis = std::chrono::milliseconds;
using TimePoint = std::chrono::sys_time<Millis>;

// Thread rule: now() may be called from any thread.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override {
    return std::chrono::floor<Millis>(std::chrono::system_clock::now());
  }
};

[[nodiscard]] inline std::int64_t unix_ms(TimePoint at) { return at.time_since_epoch().count(); }

}  // namespace gridloom
