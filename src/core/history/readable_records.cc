#include "history/readable_records.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "journal/device_event.h"

namespace gridloom::history {
namespace {

constexpr std::size_t kMuch = 1000;  // audit entries, or events

template <typename Row>
void drop_first(std::vector<Row>& rows, std::size_t count) {
  rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace

Status ReadableRecords::add(std::uint64_t sequence, journal::RecordKind kind,
                            std::string_view payload) {
  if (kind == journal::RecordKind::kAudit) {
    const std::lock_guard lock(mutex_);
    audit_.push_back({.sequence = sequence, .entry = std::string(payload)});
    return {};
  }
  auto events = journal::read_events(payload);
  if (!events) return fail(ErrorCode::kMalformed, "a record of events that are none");
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < events->size(); ++i) {
    events_.push_back({.id = journal::event_id(sequence, i), .event = std::move((*events)[i])});
  }
  return {};
}

std::vector<AuditRow> ReadableRecords::audit() const {
  const std::lock_guard lock(mutex_);
  return audit_;
}

std::vector<StoredEvent> ReadableRecords::events() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

std::vector<StoredEvent> ReadableRecords::events_of(DeviceNumber device) const {
  std::vector<StoredEvent> some;
  const std::lock_guard lock(mutex_);
  std::ranges::copy_if(events_, std::back_inserter(some),
                       [device](const StoredEvent& each) { return each.event.device == device; });
  return some;
}

std::vector<StoredEvent> ReadableRecords::open_faults(std::vector<StoredEvent> stored) const {
  for (StoredEvent& each : events()) {
    const journal::DeviceEvent& event = each.event;
    const bool begins = event.kind == journal::EventKind::kFaultBegan;
    if (!begins && event.kind != journal::EventKind::kFaultEnded) continue;
    std::erase_if(stored, [&](const StoredEvent& other) {
      return other.event.device == event.device && other.event.field == event.field;
    });
    if (begins) stored.push_back(std::move(each));
  }
  return stored;
}

bool ReadableRecords::is_much() const {
  const std::lock_guard lock(mutex_);
  return audit_.size() > kMuch || events_.size() > kMuch;
}

void ReadableRecords::drop(std::size_t audit, std::size_t events) {
  const std::lock_guard lock(mutex_);
  drop_first(audit_, audit);
  drop_first(events_, events);
}

void ReadableRecords::purge(DeviceNumber device) {
  const std::lock_guard lock(mutex_);
  std::erase_if(events_, [device](const StoredEvent& each) { return each.event.device == device; });
}

}  // namespace gridloom::history
