// A node's knowledge of each slot: its row, as it was read last, and the work of the node itself on
// it. Internal to Ownership, which decides.
//
// Thread rule: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/growing_pause.h"
#include "ownership/claims.h"
#include "ownership/effects.h"
#include "ownership/node_id.h"

namespace gridloom::cluster {

class SlotTable {
 public:
  enum class State : std::uint8_t {
    kNotMine,
    kClaiming,
    kClaimed,  // to be opened
    kOpening,
    kServing,
    kClosing,
    kReleasing,
  };
  struct Entry {
    State state = State::kNotMine;
    Revision revision = 0;  // in the states from kClaimed on
    Revision spent = 0;     // the last revision that this node gave up
    Revision highest = 0;   // the highest that anybody was seen with: note_highest()
    bool releases = false;  // once it is closed
    bool is_stale = false;  // the row has to be read before anything is done by it
    // The row's revision was seen first: its owner was there shortly before.
    TimePoint revised{};
    std::optional<TimePoint> claimable_since{};
    TimePoint retry_at = TimePoint{};
  };
  struct Options {
    NodeId node{};
    std::size_t slots = 0;
    Millis retry{};
    GrowingPause::Options open_retry{};
  };
  explicit SlotTable(const Options& options);

  // Each may add effects.
  void note(const Event& event, TimePoint now);
  void claim(Slot slot);
  void open(Slot slot);     // of kClaimed, or of a row that has a claim of this node
  void give_up(Slot slot);  // what was claimed and not opened
  void close(Slot slot, CloseReason reason);
  void release(Slot slot, Revision revision);
  [[nodiscard]] std::vector<Effect> take_effects() { return std::exchange(effects_, {}); }
  void add(Effect effect) { effects_.push_back(std::move(effect)); }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] Entry& at(Slot slot) { return entries_.at(number_of(slot)); }
  [[nodiscard]] const Entry& at(Slot slot) const { return entries_.at(number_of(slot)); }
  // By slot; empty before the first read.
  [[nodiscard]] std::span<const SlotRow> rows() const { return rows_; }
  // The node claims the slot, or has it.
  [[nodiscard]] bool has(Slot slot) const;
  [[nodiscard]] std::optional<Revision> serves(Slot slot) const;
  // The same, and also while the slot is closed by plan: then its server says goodbye to clients,
  // which may be at other nodes.
  [[nodiscard]] std::optional<Revision> reachable(Slot slot) const;
  [[nodiscard]] bool has_stale() const;

  // The last time that a row or a state changed.
  [[nodiscard]] TimePoint changed() const { return changed_; }
  void touch(TimePoint now) { changed_ = now; }
  // Somebody has the slot with this revision, or had it.
  void note_highest(Slot slot, Revision revision);
  // How many changes of rows this node made.
  [[nodiscard]] std::uint64_t own_changes() const { return own_changes_; }
  // A slot could not be opened: until then the node is not to take any.
  [[nodiscard]] TimePoint takes_none_until() const { return takes_none_until_; }

 private:
  void on(const ClaimsRead& read, TimePoint now);
  void on(const ClaimsUnreadable& /*unreadable*/, TimePoint /*now*/) {}
  void on(const Claimed& claimed, TimePoint now);
  void on(const ClaimFailed& failed, TimePoint now);
  void on(const SlotEvent& event, TimePoint now);
  void note_row(const SlotRow& row, TimePoint now);

  const Options options_;
  std::vector<Entry> entries_;
  std::vector<SlotRow> rows_;
  std::vector<Effect> effects_;
  TimePoint changed_ = TimePoint{};
  std::uint64_t own_changes_ = 0;
  TimePoint takes_none_until_ = TimePoint{};
  GrowingPause open_pause_;
};

}  // namespace gridloom::cluster
