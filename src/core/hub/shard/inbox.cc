#include "hub/shard/inbox.h"

#include <utility>

namespace gridloom::hub {

void Inbox::add(registry::AccountId account, Work work) {
  const auto [queue, is_new] = queues_.try_emplace(account);
  if (is_new) turns_.push_back(account);
  queue->second.pieces.push_back(std::move(work));
  ++pieces_;
}

void Inbox::charge(registry::AccountId account, std::int64_t effort) {
  if (empty()) return;
  const auto [queue, is_new] = queues_.try_emplace(account);
  if (is_new) turns_.push_back(account);
  queue->second.credit -= effort;
}

void Inbox::work(std::int64_t most) {
  std::int64_t done = 0;
  while (pieces_ != 0 && done < most) {
    const registry::AccountId account = turns_.front();
    turns_.pop_front();
    Queue& queue = queues_.at(account);
    queue.credit += kTurnEffort;
    done += take_turn(queue);
    if (queue.pieces.empty() && queue.credit >= 0) {
      queues_.erase(account);
    } else {
      turns_.push_back(account);
    }
  }
  if (pieces_ != 0) return;
  queues_.clear();  // no account waits, so debts are dropped
  turns_.clear();
}

std::int64_t Inbox::take_turn(Queue& queue) {
  std::int64_t taken = 0;
  while (queue.credit > 0 && !queue.pieces.empty()) {
    Work work = std::move(queue.pieces.front());
    queue.pieces.pop_front();
    const Step step = work();
    if (step.more) {
      queue.pieces.push_front(std::move(work));
    } else {
      --pieces_;
    }
    queue.credit -= step.effort;
    taken += step.effort;
  }
  return taken;
}

}  // namespace gridloom::hub
