// Why history cannot be stored, and since when. As nothing may be stored for an hour, the store is
// also asked whether it answers; a question that has waited for long is a failure.
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
#include "history/store/store.h"

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

  // Asks the store whether it answers, now and then, unless its failures tell how it is. May block.
  void ask(Store& store) {
    const Moment asked = std::chrono::steady_clock::now();
    if (asked - asked_at_ < kAskEvery || (failed_at_ && !only_asked_)) return;
    asked_at_ = asked;
    set_waits_since(asked);
    const Status answer = store.answers();
    set_waits_since(std::nullopt);
    if (!answer) {
      failed(answer.error(), std::chrono::steady_clock::now());
      only_asked_ = true;
    } else if (only_asked_) {
      ended();
    }
  }

  void failed(const Error& error, Moment now) {
    failed_at_ = now;
    only_asked_ = false;
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
    only_asked_ = false;
    const std::lock_guard lock(mutex_);
    why_.clear();
  }

  // Empty: it can be stored.
  [[nodiscard]] std::string why() const {
    const std::lock_guard lock(mutex_);
    if (why_.empty() && waits()) return "the database does not answer";
    return why_;
  }
  [[nodiscard]] Millis lasts_for() const {
    const std::lock_guard lock(mutex_);
    if (why_.empty() && !waits()) return Millis{0};
    const Moment since = why_.empty() ? *waits_since_ : since_;
    return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - since);
  }

 private:
  static constexpr Millis kTellEvery{60'000};
  static constexpr Millis kAskEvery{1'000};
  static constexpr Millis kPatience{2'000};  // with an answer

  void set_waits_since(std::optional<Moment> since) {
    const std::lock_guard lock(mutex_);
    waits_since_ = since;
  }
  [[nodiscard]] bool waits() const {
    return waits_since_ && std::chrono::steady_clock::now() - *waits_since_ > kPatience;
  }

  std::optional<Moment> failed_at_;
  std::optional<Moment> told_at_;
  Moment asked_at_{};
  bool only_asked_ = false;   // what failed was a question
  mutable std::mutex mutex_;  // guards the members below
  std::string why_;
  Moment since_;
  std::optional<Moment> waits_since_;  // for an answer
};

}  // namespace gridloom::history
