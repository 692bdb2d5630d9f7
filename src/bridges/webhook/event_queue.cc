#include "bridges/webhook/event_queue.h"

#include <utility>

namespace gridloom::bridges::webhook {

void EventQueue::push(Waiting event) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() == kMostWaiting) {
    waiting_.pop_front();
    ++dropped_;
  }
  waiting_.push_back(std::move(event));
}

std::optional<EventQueue::Waiting> EventQueue::take(Moment now) {
  const std::lock_guard lock(mutex_);
  while (!waiting_.empty() && is_too_old(waiting_.front(), now)) {
    waiting_.pop_front();
    ++dropped_;
  }
  if (waiting_.empty()) return std::nullopt;
  Waiting oldest = std::move(waiting_.front());
  waiting_.pop_front();
  return oldest;
}

std::size_t EventQueue::size() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

std::uint64_t EventQueue::take_dropped() {
  const std::lock_guard lock(mutex_);
  return std::exchange(dropped_, 0);
}

}  // namespace gridloom::bridges::webhook
