// Decides which slots a node claims, opens, closes and releases: a state machine without threads,
// clocks or connections. It is given what the node sees and what became of its effects, and step()
// returns the next effects (ownership/effects.h).
//
// - A slot is claimed if it has no owner, if its owner has not been heard as one that holds slots
// for
//   a lease, or if its owner is an earlier start of this node. Each node deals such slots to the
//   nodes that take any, to the one with the fewest first; a node claims what it dealt to itself,
//   and after a little patience also what another was dealt and has not claimed.
// - Shares differ by one slot at most. The node with the most gives one slot to that with the
//   fewest if they differ by two, once all has been quiet and served for a while. So a move touches
//   one slot, and a node that comes or goes moves no slot that need not move.
// - A node that does not trust itself (ownership/beats.h) closes all its slots. It claims them
// again,
//   under a new revision, when it has come back and nobody else has.
// - A node that drains closes its slots, releases each as soon as it is closed, and claims none. So
//   does one that gives way to another of its name.
// - A slot is only ever opened under a revision that this start of the node claimed, and only once
//   under each.
//
// Thread rule: one thread. Times are of one steady clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/growing_pause.h"
#include "ownership/beats.h"
#include "ownership/claims.h"
#include "ownership/deal.h"
#include "ownership/effects.h"
#include "ownership/node_id.h"
#include "ownership/slot_table.h"

namespace gridloom::cluster {

class Ownership {
 public:
  struct Options {
    NodeId node{};
    std::size_t slots = kDefaultSlots;
    Millis lease = kLease;
    // How long a node listens before it serves: three beats, so that another of its name has
    // answered by then.
    Millis settle{750};
    // A node that was not heard for so long is dealt no slot.
    Millis fresh{1'000};
    // Between one node's turn to claim a slot and the next one's.
    Millis patience{150};
    // Without any change before a slot is handed over.
    Millis quiet{500};
    Millis read_each{1'000};
    Millis retry{250};
    // After a slot could not be opened, this node takes none for a while.
    GrowingPause::Options open_retry{.shortest = Millis(1'000), .longest = Millis(60'000)};
  };
  explicit Ownership(const Options& options);

  void note(const Event& event, TimePoint now);
  // `sight` is of now.
  [[nodiscard]] std::vector<Effect> step(const Sight& sight, TimePoint now);
  // Gives all slots up, and takes none any more.
  void drain() { drains_ = true; }

  [[nodiscard]] Phase phase() const { return phase_; }
  // Nothing: this node does not serve the slot. It may do so only while it trusts itself since
  // era(): a gap that no step saw may be a gap in which another claimed the slot.
  [[nodiscard]] std::optional<Revision> serves(Slot slot) const { return table_.serves(slot); }
  [[nodiscard]] std::optional<Revision> reachable(Slot slot) const {
    return table_.reachable(slot);
  }
  [[nodiscard]] std::optional<TimePoint> era() const { return era_; }
  // It drains, and has no slot any more, as far as it knows.
  [[nodiscard]] bool has_drained() const;
  // As they were read last, by slot; empty before.
  [[nodiscard]] std::span<const SlotRow> rows() const { return table_.rows(); }

 private:
  void note_sight(const Sight& sight, TimePoint now);
  void begin_era(std::optional<TimePoint> era);
  void go_on(Slot slot, TimePoint now);
  void claim(const View& view);
  void hand_over(const View& view);
  void read_claims(TimePoint now);
  void announce(TimePoint now);
  [[nodiscard]] bool takes_slots(TimePoint now) const;

  const Options options_;
  SlotTable table_;
  bool drains_ = false;
  Phase phase_ = Phase::kJoining;
  std::optional<TimePoint> era_;
  std::vector<SeenNode> others_;  // of the last step

  std::optional<TimePoint> read_at_;
  bool is_reading_ = false;
  bool wants_read_ = true;
  TimePoint earliest_read_ = TimePoint{};
  TimePoint next_read_ = TimePoint{};

  Beats::Said said_;
};

}  // namespace gridloom::cluster
