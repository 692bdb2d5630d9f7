// What accounts want done on a shard, until it is: each account has a queue of its own, and the
// queues are worked on in turn (deficit round robin). So an account that wants much waits behind
// itself: another's next piece of work waits for one turn of each account, however long their
// queues are. What one account wants is done in its order.
//
// A piece that took more than a turn's share is made up for: its account passes until the others
// have had as much. Nobody passes while nobody else has work.
//
// Touched on one loop only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <unordered_map>

#include "registry/directory.h"

namespace gridloom::hub {

class Inbox {
 public:
  // The length of an account's turn in units of effort: about a microsecond each.
  static constexpr std::int64_t kShare = 256;

  struct Step {
    std::int64_t effort = 0;
    bool more = false;  // the work goes on when its account has its next turn
  };
  using Work = std::move_only_function<Step()>;

  void add(registry::AccountId account, Work work);
  // Until that took `most`, or a turn more, or nothing is left. Work may add work.
  void work(std::int64_t most);
  [[nodiscard]] bool empty() const { return pieces_ == 0; }

 private:
  struct Queue {
    std::deque<Work> pieces;
    std::int64_t credit = 0;
  };
  // What it took.
  std::int64_t take_turn(Queue& queue);

  std::unordered_map<registry::AccountId, Queue> queues_;  // with pieces, or in debt
  std::deque<registry::AccountId> turns_;                  // of each of them
  std::size_t pieces_ = 0;
};

}  // namespace gridloom::hub
