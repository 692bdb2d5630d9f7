#include "ownership/deal.h"

#include <algorithm>

namespace gridloom::cluster {

const SeenNode* find_node(const Sight& sight, const NodeId& id) {
  const auto at = std::ranges::lower_bound(sight.others, id, {}, &SeenNode::id);
  return at != sight.others.end() && at->id == id ? &*at : nullptr;
}

bool is_claimable(const View& view, const SlotRow& row) {
  if (!row.owner || *row.owner == view.me) return true;
  const SeenNode* owner = find_node(view.sight, *row.owner);
  const bool was_held = owner != nullptr && owner->held.has_value();
  // An earlier start of this node: had it answered, one of the two would have given way by now.
  if (!was_held && row.owner->name == view.me.name) return true;
  TimePoint last = std::max(view.sight.listening_since, view.table.at(row.slot).revised);
  if (was_held) last = std::max(last, *owner->held);
  return view.now - last >= view.lease;
}

std::vector<Candidate> candidates(const View& view) {
  std::vector<Candidate> all;
  all.reserve(view.sight.others.size() + 1);
  for (const SeenNode& node : view.sight.others) {
    if (node.takes_slots && view.now - node.heard < view.fresh) all.push_back({.id = node.id});
  }
  all.push_back({.id = view.me});
  std::ranges::sort(all, {}, &Candidate::id);
  for (const SlotRow& row : view.table.rows()) {
    const bool is_own = view.table.has(row.slot);
    if (!is_own && is_claimable(view, row)) continue;
    const auto at = std::ranges::find(all, is_own ? view.me : *row.owner, &Candidate::id);
    if (at != all.end()) ++at->slots;
  }
  return all;
}

bool are_all_served(const View& view) {
  return std::ranges::all_of(view.table.rows(), [&](const SlotRow& row) {
    if (view.table.serves(row.slot)) return true;
    const SeenNode* owner = row.owner ? find_node(view.sight, *row.owner) : nullptr;
    const ServedSlot served{.slot = row.slot, .revision = row.revision};
    return owner != nullptr && std::ranges::find(owner->served, served) != owner->served.end();
  });
}

Deal::Deal(const View& view) : me_(view.me), all_(candidates(view)) {
  own_ = static_cast<std::size_t>(std::ranges::find(all_, me_, &Candidate::id) - all_.begin());
  share_ = (view.table.size() + all_.size() - 1) / all_.size();
}

std::size_t Deal::fewest() const {
  return static_cast<std::size_t>(std::ranges::min_element(all_, {}, &Candidate::slots) -
                                  all_.begin());
}

}  // namespace gridloom::cluster
