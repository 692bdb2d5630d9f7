#include "bridges/webhook/quiet_watch.h"

#include <utility>

#include "hub/platform/platform.h"

namespace gridloom::bridges::webhook {
namespace {

using overview::Freshness;

bool is_away(Freshness state) { return state == Freshness::kOffline || state == Freshness::kNever; }

EventKind kind_of_state(Freshness state) {
  if (is_away(state)) return EventKind::kOffline;
  return state == Freshness::kQuiet ? EventKind::kQuiet : EventKind::kOnline;
}

// A device that connects is online before it has reported.
EventKind kind_of_change(Freshness before, Freshness now) {
  const EventKind kind = kind_of_state(now);
  return kind == EventKind::kQuiet && is_away(before) ? EventKind::kOnline : kind;
}

}  // namespace

QuietWatch::QuietWatch(Options options) : options_(std::move(options)) {
  DeviceBook::Listener& listener = *this;
  book_.emplace(options_.hub, options_.loop, options_.account, listener);
}

void QuietWatch::look_at(const BookDevice& device) {
  const Freshness state = device.state();
  const auto found = states_.find(device.sn());
  if (found == states_.end()) {
    // A device that has just connected has not reported yet.
    const bool is_new = state == Freshness::kQuiet && !device.last_report();
    states_.emplace(device.sn(), Known{.state = state,
                                       .told = is_new ? EventKind::kOnline : kind_of_state(state)});
    return;
  }
  Known& known = found->second;
  if (known.state == state) return;
  const EventKind kind = kind_of_change(std::exchange(known.state, state), state);
  const EventKind before = std::exchange(known.told, kind);
  const bool is_back = before == EventKind::kQuiet && kind == EventKind::kOnline;
  if (before == kind || (kind != EventKind::kQuiet && !is_back)) return;
  const hub::Platform& platform = options_.hub.platform();
  Event event{.kind = kind,
              .device = {.sn = device.sn(),
                         .name = device.name(),
                         .family = platform.catalog->of_serial(device.sn())},
              .details = {.at_ms = unix_ms(platform.clock.now())}};
  if (const auto last = device.last_report(); kind == EventKind::kQuiet && last) {
    event.last_report_ms = unix_ms(*last);
  }
  options_.on_event(std::move(event));
}

void QuietWatch::on_removed(const std::string& sn) {
  if (const auto found = states_.find(sn); found != states_.end()) states_.erase(found);
}

}  // namespace gridloom::bridges::webhook
