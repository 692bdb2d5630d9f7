// How bridges wait: a thread of theirs for a time, for news, or for its end, and their loop for
// another loop.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace gridloom::bridges {

// Lets a bridge's thread wait for a time, for news, or for its end. Thread rule: any thread.
class Wakeup {
 public:
  void notify() {
    {
      const std::lock_guard lock(mutex_);
      is_notified_ = true;
    }
    changed_.notify_all();
  }

  // Returns at the time, after notify(), or once a stop is requested, which is false. A notify()
  // before the call counts.
  bool wait_until(const std::stop_token& stop, std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, until, [this] { return is_notified_; });
    is_notified_ = false;
    return !stop.stop_requested();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_notified_ = false;
};

// Runs work that waits for a loop of the bridge's own, such as the end of its listener, and returns
// when it has ended. It has a thread: what a loop's thread posts to another loop goes out at the
// end of its turn, so waiting for that within the turn would never end.
inline void run_off_loop(const std::function<void()>& work) { std::thread(work).join(); }

}  // namespace gridloom::bridges
