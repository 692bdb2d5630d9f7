#include "home/event_log.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridloom::home {

class EventLog::Reader final : public hub::ChangeReader {
 public:
  explicit Reader(EventLog& log) : log_(log) {}
  void on_changes(hub::ChangeBatch batch) override { log_.on_changes(batch); }

 private:
  EventLog& log_;
};

void EventLog::start(std::span<const history::StoredEvent> open_faults) {
  std::unordered_map<DeviceNumber, std::string_view> serials;
  const auto directory = options_.hub->platform().registry.directory();
  if (!open_faults.empty()) {
    for (const registry::Device* device : directory->devices()) {
      serials.emplace(device->number, device->sn);
    }
  }
  {
    const std::lock_guard lock(mutex_);
    for (const history::StoredEvent& each : open_faults) {
      const auto found = serials.find(each.event.device);
      if (found != serials.end()) book_.restore(found->second, each.event);
    }
  }
  reader_ = std::make_shared<Reader>(*this);
  subscribe();
}

void EventLog::subscribe() {
  subscription_ =
      options_.hub->changes().subscribe({.reader = reader_,
                                         .loop = options_.loop,
                                         .scope = hub::ChangeReaderOptions::Scope::kAll,
                                         .detail = hub::ChangeReaderOptions::Detail::kEvents,
                                         .for_node = options_.writes == Writes::kOwn});
}

void EventLog::on_changes(const hub::ChangeBatch& batch) {
  if (is_stopped_) return;
  if (batch.is_lost) {
    // A link to another node that opens is reported like that as well, but not to who reads its own
    // devices alone.
    if (options_.writes != Writes::kNone) {
      spdlog::warn("more events of devices happened than are kept: some are missing in their log");
    }
    // The feed tells a new subscription the faults of each device again.
    return subscribe();
  }
  const hub::Platform& platform = options_.hub->platform();
  const auto directory = platform.registry.directory();
  const TimePoint now = platform.clock.now();
  std::vector<journal::DeviceEvent> events;
  {
    const std::lock_guard lock(mutex_);
    for (const hub::DeviceChanges& changes : batch.devices) {
      const registry::Device* device = directory->find_device(changes.sn);
      if (device == nullptr) {
        book_.remove(changes.sn);
      } else {
        book_.take({.sn = changes.sn, .number = device->number, .owner = device->owner}, changes,
                   now);
      }
    }
    events = book_.take_events();
  }
  write(events);
}

void EventLog::tick() {
  if (is_stopped_) return;
  const hub::Platform& platform = options_.hub->platform();
  const auto directory = platform.registry.directory();
  std::vector<journal::DeviceEvent> events;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(revocations_, directory->revocations()) != directory->revocations()) {
      book_.remove_if([&](std::string_view sn) { return directory->find_device(sn) == nullptr; });
    }
    book_.tick(platform.clock.now());
    events = book_.take_events();
  }
  write(events);
}

void EventLog::write(std::span<const journal::DeviceEvent> events) const {
  journal::Journal* const journal = options_.hub->platform().journal;
  if (journal == nullptr || options_.writes == Writes::kNone) return;
  while (!events.empty()) {
    const std::size_t some = std::min(events.size(), journal::kMaxEventsOfRecord);
    journal->append(journal::RecordKind::kEvents, journal::make_events(events.first(some)), {}, 0);
    events = events.subspan(some);
  }
}

FaultTimes EventLog::active_faults(std::string_view sn) const {
  const std::lock_guard lock(mutex_);
  return book_.active(sn);
}

}  // namespace gridloom::home
