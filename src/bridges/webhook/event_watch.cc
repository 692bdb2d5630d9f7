#include "bridges/webhook/event_watch.h"

#include <limits>
#include <utility>

#include "hub/platform.h"

namespace gridloom::bridges::webhook {
namespace {

using overview::Freshness;

// The queue of the sender is the only limit.
constexpr home::EventBook::Limits kNoLimits{
    .device_an_hour = std::numeric_limits<std::uint64_t>::max(),
    .account_an_hour = std::numeric_limits<std::uint64_t>::max()};

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

class EventWatch::Reader final : public hub::ChangeReader {
 public:
  explicit Reader(EventWatch& watch) : watch_(&watch) {}
  void on_changes(hub::ChangeBatch batch) override {
    if (watch_ != nullptr) watch_->on_changes(batch);
  }
  void end() { watch_ = nullptr; }

 private:
  EventWatch* watch_;
};

EventWatch::EventWatch(Options options)
    : options_(std::move(options)), faults_(kNoLimits), reader_(std::make_shared<Reader>(*this)) {
  restore_faults();
  subscribe();
  DeviceBook::Listener& listener = *this;
  book_.emplace(options_.hub, options_.loop, options_.account, listener);
}

EventWatch::~EventWatch() { reader_->end(); }

void EventWatch::restore_faults() {
  if (options_.log == nullptr) return;
  const auto directory = options_.hub.platform().registry.directory();
  for (const auto& list :
       {directory->devices_of(options_.account), directory->shared_with(options_.account)}) {
    for (const registry::Device* device : list) {
      for (const auto& [field, since] : options_.log->active_faults(device->sn)) {
        faults_.restore(device->sn, {.device = device->number,
                                     .kind = journal::EventKind::kFaultBegan,
                                     .since_ms = unix_ms(since),
                                     .field = field});
      }
    }
  }
}

void EventWatch::subscribe() {
  using Options = hub::ChangeReaderOptions;
  subscription_ = options_.hub.changes().subscribe({.reader = reader_,
                                                    .loop = &options_.loop,
                                                    .scope = Options::Scope::kAccount,
                                                    .account = options_.account,
                                                    .detail = Options::Detail::kEvents});
}

void EventWatch::on_changes(const hub::ChangeBatch& batch) {
  if (batch.is_lost) {
    if (options_.on_lost) options_.on_lost();
    // The feed tells a new subscription the faults of each device again.
    return subscribe();
  }
  for (const hub::DeviceChanges& changes : batch.devices) apply(changes);
}

void EventWatch::apply(hub::DeviceChanges changes) {
  const hub::Platform& platform = options_.hub.platform();
  const auto directory = platform.registry.directory();
  const registry::Device* const device = directory->find_device(changes.sn);
  if (device == nullptr) return faults_.remove(changes.sn);
  changes.presence.clear();  // states are the book's
  faults_.take({.sn = device->sn, .number = device->number, .owner = device->owner}, changes,
               platform.clock.now());
  for (journal::DeviceEvent& each : faults_.take_events()) {
    const auto kind = kind_of(each.kind);
    if (!kind) continue;
    options_.on_event({.kind = *kind,
                       .device = {.sn = device->sn,
                                  .name = device->name,
                                  .family = platform.catalog->of_serial(device->sn)},
                       .details = std::move(each)});
  }
}

void EventWatch::look_at(const BookDevice& device) {
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
  if (std::exchange(known.told, kind) == kind) return;
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

void EventWatch::on_removed(const std::string& sn) {
  if (const auto found = states_.find(sn); found != states_.end()) states_.erase(found);
  faults_.remove(sn);
}

}  // namespace gridloom::bridges::webhook
