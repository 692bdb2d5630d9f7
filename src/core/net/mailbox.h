// Tasks that other threads give to a loop, and the wake-up of the loop if it sleeps in epoll. It
// may outlive the loop, for loops that still have tasks for it.
//
// Thread rule: add(), wake(), is_asleep() and is_closed() from any thread; the rest on the loop's.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "base/loop.h"

namespace gridloom::net {

using Tasks = std::vector<Task>;

class Mailbox {
 public:
  Mailbox();
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Becomes readable by each wake(). The loop watches it edge-triggered and reads nothing from it.
  [[nodiscard]] int wake_descriptor() const { return wake_; }

  // Leaves `tasks` empty, and wakes the loop if it sleeps. Once it is closed they are dropped.
  void add(Tasks& tasks);
  void wake() const;
  [[nodiscard]] bool is_asleep() const { return asleep_.load(); }

  [[nodiscard]] bool empty() const { return !has_tasks_.load(); }
  // Swaps the tasks with those in `into`, which is empty.
  void take(Tasks& into);
  // The loop ends: drops the tasks that have not run.
  void close();
  [[nodiscard]] bool is_closed() const { return closed_.load(); }

  // Call fall_asleep() before the last look for work: an add() in between then wakes the loop.
  void fall_asleep() { asleep_.store(true); }
  void stay_awake() { asleep_.store(false); }

 private:
  int wake_;  // eventfd
  std::mutex mutex_;
  Tasks tasks_;                         // guarded by the mutex; none once it is closed
  std::atomic<bool> closed_{false};     // set with the mutex held
  std::atomic<bool> has_tasks_{false};  // tasks_ is not empty
  std::atomic<bool> asleep_{false};     // or about to sleep: an add() has to wake the loop
};

}  // namespace gridloom::net
