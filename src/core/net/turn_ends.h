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
  enum class Reason : std::uint8_t { kNew, kContinued };

  void add(std::int64_t account, std::shared_ptr<Who> who, Reason reason) {
    Queue& queue = queues_[account];
    if (queue.empty()) turns_.push_back(&queue);
    (reason == Reason::kContinued ? queue.continued : queue.beginning).push_back(std::move(who));
    ++size_;
  }

  // Only if not empty().
  [[nodiscard]] std::shared_ptr<Who> next() {
    Queue& queue = *turns_.front();
    turns_.pop_front();
    queue.served_continued =
        !queue.continued.empty() && (!queue.served_continued || queue.beginning.empty());
    auto& next = queue.served_continued ? queue.continued : queue.beginning;
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
    [[nodiscard]] bool empty() const { return beginning.empty() && continued.empty(); }

    std::deque<std::shared_ptr<Who>> beginning;
    std::deque<std::shared_ptr<Who>> continued;
    bool served_continued = false;  // the last one served was from continued
  };

  // Empty queues are kept, as most accounts come again in the next turn.
  static constexpr std::size_t kKeptQueues = 256;

  std::unordered_map<std::int64_t, Queue> queues_;  // by account
  std::deque<Queue*> turns_;                        // queues that are not empty
  std::size_t size_ = 0;
};

}  // namespace gridloom::net
