// A loop without a thread, which runs its tasks when the test says so.
#pragma once

#include <deque>
#include <utility>

#include "base/loop.h"

namespace gridloom {

class ManualLoop final : public Loop {
 public:
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  // Forgets the tasks, as a loop does that stops. What they hold may post others as it ends.
  void drop() {
    while (!tasks_.empty()) static_cast<void>(std::exchange(tasks_, {}));
  }
  // Runs one task. False: there was nothing to do.
  bool step() {
    if (tasks_.empty()) return false;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }
  // Runs all tasks, and those that they post. False: there was nothing to do.
  bool run() {
    if (!step()) return false;
    while (step()) {
    }
    return true;
  }

 private:
  std::deque<Task> tasks_;
};

}  // namespace gridloom
