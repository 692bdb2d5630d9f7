#include "ownership/slot_table.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace gridloom::cluster {
namespace {

// A revision that was seen may be so far ahead of the others that are known.
constexpr Revision kMostAhead = 1'000'000;

}  // namespace

SlotTable::SlotTable(const Options& options)
    : options_(options), entries_(options.slots), open_pause_(options.open_retry) {}

bool SlotTable::has(Slot slot) const {
  const State state = at(slot).state;
  return state == State::kClaiming || state == State::kClaimed || state == State::kOpening ||
         state == State::kServing;
}

std::optional<Revision> SlotTable::serves(Slot slot) const {
  const Entry& entry = at(slot);
  return entry.state == State::kServing ? std::optional(entry.revision) : std::nullopt;
}

std::optional<Revision> SlotTable::reachable(Slot slot) const {
  const Entry& entry = at(slot);
  if (entry.state == State::kClosing && entry.releases) return entry.revision;
  return serves(slot);
}

bool SlotTable::has_stale() const { return std::ranges::any_of(entries_, &Entry::is_stale); }

void SlotTable::note(const Event& event, TimePoint now) {
  std::visit([&](const auto& what) { on(what, now); }, event);
}

void SlotTable::on(const ClaimsRead& read, TimePoint now) {
  if (rows_.empty()) {
    rows_ = read.rows;
    for (Entry& entry : entries_) entry.revised = now;
  }
  for (const SlotRow& row : read.rows) {
    Entry& entry = at(row.slot);
    // A claim or a release that is under way is carried out after this read, and tells itself.
    if (entry.state != State::kClaiming && entry.state != State::kReleasing) {
      entry.is_stale = false;
    }
    note_row(row, now);
  }
}

void SlotTable::note_row(const SlotRow& row, TimePoint now) {
  SlotRow& known = rows_.at(number_of(row.slot));
  if (known.owner != row.owner || known.revision != row.revision) changed_ = now;
  Entry& entry = at(row.slot);
  if (known.revision != row.revision) entry.revised = now;
  known = row;
  entry.highest = std::max(entry.highest, row.revision);
  if (row.owner == options_.node && row.revision == entry.revision) return;
  if (entry.state == State::kOpening || entry.state == State::kServing) {
    close(row.slot, CloseReason::kOvertaken);
  } else if (entry.state == State::kClaimed) {
    give_up(row.slot);
  }
}

void SlotTable::note_highest(Slot slot, Revision revision) {
  Revision& highest = at(slot).highest;
  // Claims go above it, so no sender may use the numbers up.
  if (revision - highest <= kMostAhead) highest = std::max(highest, revision);
}

void SlotTable::on(const Claimed& claimed, TimePoint now) {
  Entry& entry = at(claimed.row.slot);
  if (entry.state != State::kClaiming) return;
  entry.state = State::kClaimed;
  entry.revision = claimed.row.revision;
  ++own_changes_;
  note_row(claimed.row, now);
}

void SlotTable::on(const ClaimFailed& failed, TimePoint now) {
  Entry& entry = at(failed.slot);
  if (entry.state != State::kClaiming) return;
  entry.state = State::kNotMine;
  entry.is_stale = true;
  if (failed.why == ClaimFailed::Why::kUnknown) entry.retry_at = now + options_.retry;
}

void SlotTable::on(const SlotEvent& event, TimePoint now) {
  using What = SlotEvent::What;
  Entry& entry = at(event.slot);
  if (entry.revision != event.revision) return;  // of before
  const State state = entry.state;
  if (event.what == What::kOpened && state == State::kOpening) {
    entry.state = State::kServing;
    open_pause_.reset();
    changed_ = now;
  } else if (event.what == What::kOpenFailed && state == State::kOpening) {
    // The database was set back behind the log: the next claim goes above it at once.
    note_highest(event.slot, event.found);
    if (event.found == 0 && now >= takes_none_until_) takes_none_until_ = now + open_pause_.next();
    release(event.slot, event.revision);
  } else if (event.what == What::kClosed && state == State::kClosing) {
    if (entry.releases) return release(event.slot, event.revision);
    give_up(event.slot);
  } else if (event.what == What::kReleased && state == State::kReleasing) {
    entry.state = State::kNotMine;
    ++own_changes_;
    SlotRow row = rows_.at(number_of(event.slot));
    row.owner.reset();
    note_row(row, now);
  } else if (event.what == What::kReleaseFailed && state == State::kReleasing) {
    entry.state = State::kNotMine;
    entry.is_stale = true;
    entry.retry_at = now + options_.retry;
  } else if (event.what == What::kFenced &&
             (state == State::kOpening || state == State::kServing)) {
    entry.is_stale = true;
    close(event.slot, CloseReason::kOvertaken);
  }
}

void SlotTable::claim(Slot slot) {
  Entry& entry = at(slot);
  entry.state = State::kClaiming;
  effects_.emplace_back(Claim{.slot = slot,
                              .seen = rows_.at(number_of(slot)).revision,
                              .above = std::max(entry.highest, entry.spent)});
}

void SlotTable::open(Slot slot) {
  Entry& entry = at(slot);
  const SlotRow& row = rows_.at(number_of(slot));
  entry.state = State::kOpening;
  entry.revision = row.revision;
  effects_.emplace_back(Open{.slot = slot, .revision = row.revision, .position = row.position});
}

void SlotTable::give_up(Slot slot) {
  Entry& entry = at(slot);
  entry.spent = std::max(entry.spent, entry.revision);
  entry.state = State::kNotMine;
}

void SlotTable::close(Slot slot, CloseReason reason) {
  Entry& entry = at(slot);
  entry.state = State::kClosing;
  entry.releases = reason == CloseReason::kHandOver || reason == CloseReason::kDraining;
  effects_.emplace_back(Close{.slot = slot, .revision = entry.revision, .reason = reason});
}

void SlotTable::release(Slot slot, Revision revision) {
  Entry& entry = at(slot);
  entry.state = State::kReleasing;
  entry.revision = revision;
  entry.spent = std::max(entry.spent, revision);
  effects_.emplace_back(Release{.slot = slot, .revision = revision});
}

}  // namespace gridloom::cluster
