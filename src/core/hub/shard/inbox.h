// The queue of work that accounts request from one shard. Each account has a queue of its own, and
// the queues are served in turn (deficit round robin). An account that requests much delays only
// itself: the next piece of work of another account waits for one turn of each account, however
// long their queues are. Work of one account is done in order.
//
// When a piece of work takes longer than a turn, its account skips turns until the others have had
// as much. No account skips turns while no other account has work.
//
// Used on one loop only.
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
  // The length of an account's turn in units of effort, about a microsecond each.
  static constexpr std::int64_t kTurnEffort = 256;
  // The effort after which work that consists of many parts lets its turn end.
  static constexpr std::int64_t kStepEffort = kTurnEffort / 4;

  struct Step {
    std::int64_t effort = 0;
    bool more = false;  // the work continues in its account's next turn
  };
  using Work = std::move_only_function<Step()>;

  void add(registry::AccountId account, Work work);
  // The account had `effort` spent outside of its queue. It skips turns until the others have had
  // as much, unless no account has work.
  void charge(registry::AccountId account, std::int64_t effort);
  // Works until the effort reaches `most` (it may exceed `most` by one turn), or nothing is left.
  // Work may add work.
  void work(std::int64_t most);
  [[nodiscard]] bool empty() const { return pieces_ == 0; }
  // Whether the account has neither work that waits nor a debt of a turn or more.
  [[nodiscard]] bool is_idle(registry::AccountId account) const {
    if (empty()) return true;
    const auto found = queues_.find(account);
    return found == queues_.end() ||
           (found->second.pieces.empty() && found->second.credit > -kTurnEffort);
  }

 private:
  struct Queue {
    std::deque<Work> pieces;
    std::int64_t credit = 0;
  };
  // Returns the effort.
  std::int64_t take_turn(Queue& queue);

  std::unordered_map<registry::AccountId, Queue> queues_;  // with work, or in debt
  std::deque<registry::AccountId> turns_;                  // the accounts of queues_, in turn
  std::size_t pieces_ = 0;
};

}  // namespace gridloom::hub
