#include "base/worker.h"

#include <utility>

namespace gridloom {

Worker::Worker(const std::vector<std::size_t>& lanes) : lanes_(lanes.size()) {
  for (std::size_t i = 0; i < lanes.size(); ++i) lanes_[i].most = lanes[i];
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

bool Worker::post(std::size_t lane, Task task) {
  {
    const std::lock_guard lock(mutex_);
    Lane& at = lanes_.at(lane);
    if (at.waiting.size() >= at.most) return false;
    at.waiting.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

Worker::Lane* Worker::next() {
  if (!lanes_.front().waiting.empty()) return &lanes_.front();
  const std::size_t others = lanes_.size() - 1;
  for (std::size_t i = 0; i < others; ++i) {
    turn_ = turn_ % others + 1;
    if (!lanes_.at(turn_).waiting.empty()) return &lanes_.at(turn_);
  }
  return nullptr;
}

void Worker::run(const std::stop_token& stop) {
  while (true) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      Lane* lane = nullptr;
      const auto is_ready = [&] { return (lane = next()) != nullptr; };
      if (!changed_.wait(lock, stop, is_ready) || stop.stop_requested()) return;
      task = std::move(lane->waiting.front());
      lane->waiting.pop_front();
    }
    task();
  }
}

}  // namespace gridloom
