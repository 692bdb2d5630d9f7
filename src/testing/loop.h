// Loops without a thread: one runs its tasks when the test says so, the other at once.
#pragma once

#include <deque>
#include <utility>

#include "base/loop.h"

namespace gridloom {

class ManualLoop final : public Loop {
 public:
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  // Runs all tasks, and those that they post. False: there was nothing to do.
  bool run() {
    if (tasks_.empty()) return false;
    while (!tasks_.empty()) {
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
    return true;
  }

 private:
  std::deque<Task> tasks_;
};

class ImmediateLoop final : public Loop {
 public:
  void post(Task task) override { task(); }
};

}  // namespace gridloom
