// A thread that runs tasks one after another, for work that blocks or computes for long: loops
// serve connections meanwhile.
//
// Tasks wait in lanes, so that whoever fills one lane does not hold up the others: lane 0 goes
// first, the others take turns, one task each. The number of tasks that wait in a lane is bounded.
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
#include <vector>

#include "base/loop.h"

namespace gridloom {

class Worker {
 public:
  // Lane i holds at most lanes[i] waiting tasks. There are at least two lanes.
  explicit Worker(const std::vector<std::size_t>& lanes);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() = default;

  // False: too many wait in the lane, and the task is not run.
  [[nodiscard]] bool post(std::size_t lane, Task task);
  // A stop is requested when the destructor waits for the task that runs.
  [[nodiscard]] std::stop_token stop_token() const { return thread_.get_stop_token(); }

 private:
  struct Lane {
    std::size_t most = 0;
    std::deque<Task> waiting{};
  };

  void run(const std::stop_token& stop);
  // The lane whose task is next; null: nothing waits.
  [[nodiscard]] Lane* next();

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Lane> lanes_;
  std::size_t turn_ = 0;  // the lane that had the last turn
  std::jthread thread_;
};

}  // namespace gridloom
