#include "ownership/ownership.h"

#include <algorithm>
#include <ranges>
#include <utility>
#include <variant>

namespace gridloom::cluster {
namespace {

using State = SlotTable::State;
using Entry = SlotTable::Entry;

constexpr Millis kShortestBetweenReads{50};

// Whether they say the same, whenever they said it.
bool is_same(const SeenNode& a, const SeenNode& b) {
  return a.id == b.id && a.phase == b.phase && a.takes_slots == b.takes_slots &&
         a.changes == b.changes && a.served == b.served;
}

}  // namespace

Ownership::Ownership(const Options& options)
    : options_(options),
      table_({.node = options.node,
              .slots = options.slots,
              .retry = options.retry,
              .open_retry = options.open_retry}) {}

bool Ownership::has_drained() const {
  return drains_ && read_at_ && !table_.has_stale() &&
         std::ranges::all_of(rows(), [&](const SlotRow& row) {
           return row.owner != options_.node && table_.at(row.slot).state == State::kNotMine;
         });
}

void Ownership::note(const Event& event, TimePoint now) {
  const auto* const read = std::get_if<ClaimsRead>(&event);
  const bool is_whole = read != nullptr && read->rows.size() == table_.size();
  if (is_whole) {
    is_reading_ = false;
    read_at_ = now;
    earliest_read_ = now + kShortestBetweenReads;
  } else if (read != nullptr || std::holds_alternative<ClaimsUnreadable>(event)) {
    is_reading_ = false;
    wants_read_ = true;
    earliest_read_ = now + options_.retry;
    return;
  }
  table_.note(event, now);
}

std::vector<Effect> Ownership::step(const Sight& sight, TimePoint now) {
  note_sight(sight, now);
  for (std::size_t i = 0; i < table_.size(); ++i) go_on(static_cast<Slot>(i), now);
  if (phase_ == Phase::kServing && takes_slots(now)) {
    const View view{.me = options_.node,
                    .table = table_,
                    .sight = sight,
                    .now = now,
                    .lease = options_.lease,
                    .fresh = options_.fresh};
    claim(view);
    hand_over(view);
  }
  read_claims(now);
  announce(now);
  return table_.take_effects();
}

void Ownership::note_sight(const Sight& sight, TimePoint now) {
  // Its slots can be released, as no other start of it has claimed them.
  if (sight.is_refused) drains_ = true;
  begin_era(sight.is_refused ? std::nullopt : sight.trusted_since);
  if (drains_) {
    phase_ = Phase::kDraining;
  } else {
    phase_ = era_ && now - *era_ >= options_.settle ? Phase::kServing : Phase::kJoining;
  }
  if (std::ranges::equal(sight.others, others_, is_same)) return;
  others_ = sight.others;
  wants_read_ = true;
  table_.touch(now);
  for (const SeenNode& node : others_) {
    for (const ServedSlot& served : node.served) {
      if (number_of(served.slot) >= table_.size()) continue;
      table_.note_highest(served.slot, served.revision);
    }
  }
}

void Ownership::begin_era(std::optional<TimePoint> era) {
  if (era == era_) return;
  era_ = era;
  for (std::size_t i = 0; i < table_.size(); ++i) {
    const auto slot = static_cast<Slot>(i);
    const State state = table_.at(slot).state;
    if (state == State::kOpening || state == State::kServing) {
      table_.close(slot, drains_ ? CloseReason::kDraining : CloseReason::kNotTrusted);
    }
  }
}

void Ownership::go_on(Slot slot, TimePoint now) {
  const Entry& entry = table_.at(slot);
  switch (entry.state) {
    case State::kOpening:
    case State::kServing:
      if (drains_) table_.close(slot, CloseReason::kDraining);
      break;
    case State::kClaimed:
      if (drains_) {
        table_.release(slot, entry.revision);
      } else if (phase_ == Phase::kServing) {
        table_.open(slot);
      } else {
        table_.give_up(slot);
      }
      break;
    case State::kNotMine:
      if (drains_ && !rows().empty() && !entry.is_stale && now >= entry.retry_at &&
          rows()[number_of(slot)].owner == options_.node) {
        table_.release(slot, rows()[number_of(slot)].revision);
      }
      break;
    case State::kClaiming:
    case State::kClosing:
    case State::kReleasing:
      break;
  }
}

bool Ownership::takes_slots(TimePoint now) const {
  return read_at_ && now - *read_at_ < options_.lease && now >= table_.takes_none_until();
}

void Ownership::claim(const View& view) {
  std::optional<Deal> deal;  // made of the state before the first claim, if there is one
  for (const SlotRow& row : rows()) {
    Entry& entry = table_.at(row.slot);
    if (entry.state != State::kNotMine || entry.is_stale) continue;
    if (!is_claimable(view, row)) {
      entry.claimable_since.reset();
      continue;
    }
    if (!entry.claimable_since) entry.claimable_since = view.now;
    if (!deal) deal.emplace(view);
    const bool is_mine = deal->is_mine(row, [&](std::size_t turns) {
      return view.now - *entry.claimable_since >= options_.patience * static_cast<int>(turns);
    });
    if (!is_mine || view.now < entry.retry_at) continue;
    entry.claimable_since.reset();
    // A row that this node has under a new revision is of a claim whose outcome was not known.
    if (row.owner == options_.node && row.revision > entry.spent) {
      table_.open(row.slot);
    } else {
      table_.claim(row.slot);
    }
  }
}

void Ownership::hand_over(const View& view) {
  if (view.now - table_.changed() < options_.quiet || !are_all_served(view)) return;
  const std::vector<Candidate> all = candidates(view);
  const auto most = std::ranges::max_element(all, {}, &Candidate::slots);  // the first of them
  const auto fewest = std::ranges::min_element(all, {}, &Candidate::slots);
  if (most->id != options_.node || most->slots < fewest->slots + 2) return;
  for (const SlotRow& row : std::views::reverse(rows())) {
    if (!table_.serves(row.slot)) continue;
    table_.touch(view.now);
    return table_.close(row.slot, CloseReason::kHandOver);
  }
}

void Ownership::read_claims(TimePoint now) {
  const bool wants = wants_read_ || table_.has_stale() || now >= next_read_;
  if (is_reading_ || !wants || now < earliest_read_) return;
  is_reading_ = true;
  wants_read_ = false;
  next_read_ = now + options_.read_each;
  table_.add(ReadClaims{});
}

void Ownership::announce(TimePoint now) {
  Beats::Said said{.phase = phase_,
                   .takes_slots = phase_ == Phase::kServing && takes_slots(now),
                   .changes = table_.own_changes()};
  for (std::size_t i = 0; i < table_.size(); ++i) {
    const auto slot = static_cast<Slot>(i);
    if (const auto revision = table_.reachable(slot)) {
      said.served.push_back({.slot = slot, .revision = *revision});
    }
  }
  if (said == said_) return;
  said_ = said;
  table_.add(Announce{.said = std::move(said)});
}

}  // namespace gridloom::cluster
