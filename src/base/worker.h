// A thread that runs tasks one after another, for work that blocks or computes for long: loops
// serve connections meanwhile. The number of tasks that wait is bounded.
//
// Thread rule: post() from any thread. The destructor finishes the task that runs and drops the
// others.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/loop.h"

namespace gridloom {

class Worker {
 public:
  // `most` tasks may wait.
  explicit Worker(std::size_t most) : most_(most) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() = default;

  // False: too many wait, and the task is not run.
  [[nodiscard]] bool post(Task task);

 private:
  void run(const std::stop_token& stop);

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Task> waiting_;
  std::jthread thread_{[this](const std::stop_token& stop) { run(stop); }};
};

}  // namespace gridloom
