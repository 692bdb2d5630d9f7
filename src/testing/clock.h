// A clock that only the test moves.
//
// Thread rule: any function from any thread.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace gridloom {

inline constexpr TimePoint kTestStart{Millis(1'700'000'000'000)};  // 2023-11-14T22:13:20Z

class TestClock final : public Clock {
 public:
  explicit TestClock(TimePoint start = kTestStart) : now_(start) {}

  [[nodiscard]] TimePoint now() const override { return now_; }
  void set(TimePoint at) { now_ = at; }
  void pass(Millis time) { now_ = now() + time; }

 private:
  std::atomic<TimePoint> now_;
};

}  // namespace gridloom
