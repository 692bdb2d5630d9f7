#include "ownership/claims_caller.h"

#include <spdlog/spdlog.h>

#include <cstddef>
#include <expected>
#include <utility>

namespace gridloom::cluster {
namespace {

// A read, and a claim and a release of each slot.
constexpr std::size_t kMostCalls = 1 + 2 * kMostSlots;

}  // namespace

ClaimsCaller::ClaimsCaller(Claims& claims, NodeId node, const Clock& clock, OnEvent on_event)
    : claims_(claims),
      node_(std::move(node)),
      clock_(clock),
      on_event_(std::move(on_event)),
      worker_({kMostCalls, 1}) {}

ClaimsCaller::Away ClaimsCaller::away() const {
  const std::scoped_lock lock(mutex_);
  return away_;
}

void ClaimsCaller::post(std::move_only_function<Event()> call, Event lost) {
  if (!worker_.post(0, [this, call = std::move(call)]() mutable { on_event_(call()); })) {
    on_event_(std::move(lost));
  }
}

void ClaimsCaller::note(const Status& outcome) {
  const bool is_away = !outcome && outcome.error().code != ErrorCode::kConflict;
  const std::scoped_lock lock(mutex_);
  if (is_away == away_.since.has_value()) return;
  if (is_away) {
    away_ = {.since = clock_.now(), .error = outcome.error().detail};
    spdlog::warn("the claims of slots cannot be reached, so that no slot moves: {}", away_.error);
  } else {
    away_.since.reset();
    spdlog::info("the claims of slots can be reached again");
  }
}

void ClaimsCaller::call(const ReadClaims& /*what*/) {
  post(
      [this]() -> Event {
        auto rows = claims_.read();
        note(rows ? Status() : std::unexpected(rows.error()));
        if (!rows) return ClaimsUnreadable{};
        return ClaimsRead{.rows = std::move(*rows)};
      },
      ClaimsUnreadable{});
}

void ClaimsCaller::call(const Claim& what) {
  const ClaimFailed lost{.slot = what.slot, .why = ClaimFailed::Why::kUnknown};
  post(
      [this, what, lost]() -> Event {
        auto row = claims_.claim(
            {.slot = what.slot, .node = node_, .seen = what.seen, .above = what.above});
        note(row ? Status() : std::unexpected(row.error()));
        if (row) return Claimed{.row = std::move(*row)};
        if (row.error().code != ErrorCode::kConflict) return lost;
        return ClaimFailed{.slot = what.slot, .why = ClaimFailed::Why::kRefused};
      },
      lost);
}

void ClaimsCaller::call(const Release& what) {
  SlotEvent event{
      .what = SlotEvent::What::kReleaseFailed, .slot = what.slot, .revision = what.revision};
  post(
      [this, event]() mutable -> Event {
        const Status released = claims_.release(event.slot, node_, event.revision);
        note(released);
        if (released) event.what = SlotEvent::What::kReleased;
        return event;
      },
      event);
}

}  // namespace gridloom::cluster
