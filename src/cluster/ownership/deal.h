// The slots that may be claimed, and the node to which each is dealt: computed by each node from
// what it sees, alike by all. Pure. Internal to Ownership.
//
// Thread rules: none.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/clock.h"
#include "ownership/beats.h"
#include "ownership/claims.h"
#include "ownership/node_id.h"
#include "ownership/slot_table.h"

namespace gridloom::cluster {

struct View {
  const NodeId& me;
  const SlotTable& table;
  const Sight& sight;
  TimePoint now;
  Millis lease;
  Millis fresh;  // a node that was not heard for so long is dealt nothing
};

// A node that takes slots.
struct Candidate {
  NodeId id{};
  std::size_t slots = 0;  // that it has, and those that it was dealt
};

// Null: this node does not hear it.
[[nodiscard]] const SeenNode* find_node(const Sight& sight, const NodeId& id);
// Whether the slot of the row has no owner that holds it, or this node as owner.
[[nodiscard]] bool is_claimable(const View& view, const SlotRow& row);
// All that take slots, and this node, by id.
[[nodiscard]] std::vector<Candidate> candidates(const View& view);
// Whether every slot is served, as far as this node and the beats of the others say.
[[nodiscard]] bool are_all_served(const View& view);

// Deals one slot to the candidate with the fewest. Returns how many turns this node has to wait
// until it may claim it: 0 if it was dealt to this node. One that waits, and then claims, counts
// the slot as its own.
class Deal {
 public:
  explicit Deal(const View& view);
  // `is_over(turns)`: whether that time has passed for the slot.
  template <typename IsOver>
  [[nodiscard]] bool is_mine(const SlotRow& row, const IsOver& is_over) {
    const std::size_t dealt = row.owner == me_ ? own_ : fewest();
    const std::size_t turns = (own_ + all_.size() - dealt) % all_.size();
    const bool is_mine = turns == 0 || (all_[own_].slots < share_ && is_over(turns));
    ++all_[is_mine ? own_ : dealt].slots;
    return is_mine;
  }

 private:
  [[nodiscard]] std::size_t fewest() const;

  const NodeId& me_;
  std::vector<Candidate> all_;
  std::size_t own_ = 0;    // the place of this node
  std::size_t share_ = 0;  // the most that a node is to have
};

}  // namespace gridloom::cluster
