// The queue of objects that requested a call at the end of a loop's turn. Each account has its own
// order, and the accounts are served round-robin, so a connection waits for one object of each
// other account, not for all connections of a busy account.
//
// Within an account, an object that could not write all of its output alternates with those that
// begin: the one subscriber of a thousand devices gets as many turns as they have together.
//
// Used on one loop only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <utility>

namespace gridloom::net {

template <typename Who>
class TurnEnds {
 public:
  enum class Why : std::uint8_t { kBegins, kGoesOn };

  void add(std::int64_t account, std::shared_ptr<Who> who, Why why) {
    Queue& queue = queues_[account];
    if (queue.empty()) turns_.push_back(&queue);
    (why == Why::kGoesOn ? queue.going_on : queue.beginning).push_back(std::move(who));
    ++size_;
  }

  // Only if not empty().
  [[nodiscard]] std::shared_ptr<Who> next() {
    Queue& queue = *turns_.front();
    turns_.pop_front();
    queue.goes_on = !queue.going_on.empty() && (!queue.goes_on || queue.beginning.empty());
    auto& next = queue.goes_on ? queue.going_on : queue.beginning;
    std::shared_ptr<Who> who = std::move(next.front());
    next.pop_front();
    --size_;
    if (!queue.empty()) {
      turns_.push_back(&queue);
    } else if (turns_.empty() && queues_.size() > kKeptQueues) {
      queues_.clear();
    }
    return who;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  void clear() {
    turns_.clear();
    queues_.clear();
    size_ = 0;
  }

 private:
  struct Queue {
    [[nodiscard]] bool empty() const { return beginning.empty() && going_on.empty(); }

    std::deque<std::shared_ptr<Who>> beginning;
    std::deque<std::shared_ptr<Who>> going_on;
    bool goes_on = false;  // the last one served was from going_on
  };

  // Empty queues are kept, as most accounts come again in the next turn.
  static constexpr std::size_t kKeptQueues = 256;

  std::unordered_map<std::int64_t, Queue> queues_;  // by account
  std::deque<Queue*> turns_;                        // queues that are not empty
  std::size_t size_ = 0;
};

}  // namespace gridloom::net
