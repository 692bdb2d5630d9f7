// Why history cannot be stored, and since when.
//
// Thread rule: why() and lasts_for() from any thread, the others on the thread that stores.
#pragma once

#include <spdlog/spdlog.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace gridloom::history {

class StoreFailure {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  static constexpr Millis kAgain{1'000};  // from one attempt that fails to the next

  [[nodiscard]] bool is_now() const { return failed_at_.has_value(); }
  // Whether it is time for another attempt.
  [[nodiscard]] bool may_try(Moment now) const {
    return !failed_at_ || now - *failed_at_ >= kAgain;
  }

  void failed(const Error& error, Moment now) {
    failed_at_ = now;
    {
      const std::lock_guard lock(mutex_);
      if (why_.empty()) since_ = now;
      why_ = error.detail;
    }
    if (told_at_ && now - *told_at_ < kTellEvery) return;
    told_at_ = now;
    spdlog::error("history cannot be stored; reports stay in the log until it can: {}",
                  error.detail);
  }
  void ended() {
    if (!failed_at_) return;
    spdlog::info("history can be stored again");
    failed_at_.reset();
    const std::lock_guard lock(mutex_);
    why_.clear();
  }

  // Empty: it can be stored.
  [[nodiscard]] std::string why() const {
    const std::lock_guard lock(mutex_);
    return why_;
  }
  [[nodiscard]] Millis lasts_for() const {
    const std::lock_guard lock(mutex_);
    if (why_.empty()) return Millis{0};
    return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - since_);
  }

 private:
  static constexpr Millis kTellEvery{60'000};

  std::optional<Moment> failed_at_;
  std::optional<Moment> told_at_;
  mutable std::mutex mutex_;  // guards the members below
  std::string why_;
  Moment since_;
};

}  // namespace gridloom::history
