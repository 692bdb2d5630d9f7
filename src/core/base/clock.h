// Clocks are passed in, so that a test controls the time. All times are UTC milliseconds.
#pragma once

#include <chrono>
#include <cstdint>

namespace gridloom {

using Millis = std::chrono::milliseconds;
using TimePoint = std::chrono::sys_time<Millis>;

// A day of 24 hours; one of a time zone may be longer or shorter (time/calendar.h).
inline constexpr std::int64_t kDay_ms = 86'400'000;

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

// For deadlines and rates: starts at the system's time and advances evenly, also while the machine
// sleeps. Setting the system's clock, by hand or by NTP, does not move it.
class SteadyClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override {
    return begin_ + (since_boot() - begin_since_boot_);
  }

 private:
  [[nodiscard]] static Millis since_boot();

  TimePoint begin_ = SystemClock().now();
  Millis begin_since_boot_ = since_boot();
};

[[nodiscard]] inline std::int64_t unix_ms(TimePoint at) { return at.time_since_epoch().count(); }

}  // namespace gridloom
