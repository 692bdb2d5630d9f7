#include "home/event_book.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gridloom::home {
namespace {

using journal::DeviceEvent;
using journal::EventKind;

// Limits the text of a value, and of why a set failed.
constexpr std::size_t kMaxTextBytes = 512;

std::string short_text(std::string_view text) {
  return std::string(text.size() <= kMaxTextBytes ? text : std::string_view());
}

EventKind kind_of(hub::SetOutcome::Kind kind) {
  switch (kind) {
    case hub::SetOutcome::Kind::kAnswered:
      return EventKind::kSetAnswered;
    case hub::SetOutcome::Kind::kRefused:
      return EventKind::kSetRefused;
    case hub::SetOutcome::Kind::kUnanswered:
      return EventKind::kSetUnanswered;
  }
  return EventKind::kSetUnanswered;
}

std::int64_t hour_of(TimePoint at) {
  return std::chrono::floor<std::chrono::hours>(at.time_since_epoch()).count();
}

}  // namespace

void EventBook::restore(std::string_view sn, const DeviceEvent& began) {
  Known& device = known({.sn = sn, .number = began.device, .owner = {}});
  const TimePoint since{Millis(began.since_ms)};
  device.faults[began.field] = {.since = since, .text = began.text, .open_since = since};
}

EventBook::Known& EventBook::known(const Device& device) {
  auto found = devices_.find(device.sn);
  if (found == devices_.end()) found = devices_.emplace(std::string(device.sn), Known{}).first;
  Known& known = found->second;
  // Another device has the serial number by now.
  if (known.number != device.number) known = {.number = device.number};
  known.owner = device.owner;
  return known;
}

void EventBook::take(const Device& device, const hub::DeviceChanges& changes, TimePoint now) {
  tick(now);
  Known& of = known(device);
  if (changes.has_all_faults) end_unmentioned(of, changes, now);
  for (const hub::FaultChange& change : changes.faults) take_fault(of, change);
  for (const hub::ShownPresence& each : changes.presence) {
    if (each.account != AccountId{} || !admit(of, Group::kPresence)) continue;
    write(of, {.at_ms = unix_ms(each.at),
               .kind = each.online ? EventKind::kOnline : EventKind::kOffline});
  }
  for (const hub::SetOutcome& set : changes.sets) {
    if (!admit(of, Group::kSets)) continue;
    write(of, {.at_ms = unix_ms(set.at),
               .kind = kind_of(set.kind),
               .field = short_text(set.id),
               .text = short_text(set.why)});
  }
}

void EventBook::end_unmentioned(Known& device, const hub::DeviceChanges& changes, TimePoint now) {
  std::vector<std::string> ended;
  for (const auto& [field, fault] : device.faults) {
    const bool is_told =
        std::ranges::find(changes.faults, field, &hub::FaultChange::field) != changes.faults.end();
    if (fault.is_active && !is_told) ended.push_back(field);
  }
  for (const std::string& field : ended) end(device, field, now);
}

void EventBook::take_fault(Known& device, const hub::FaultChange& change) {
  if (!change.is_active) return end(device, change.field, change.at);
  const auto known = device.faults.find(change.field);
  if (known != device.faults.end() && known->second.is_active) return;
  FaultRecord& fault = device.faults[change.field];
  fault.is_active = true;
  fault.since = change.at;
  fault.text = short_text(change.text);
  if (admit(device, Group::kFaults)) write_fault(device, change.field, fault);
}

void EventBook::end(Known& device, const std::string& field, TimePoint at) {
  const auto found = device.faults.find(field);
  if (found == device.faults.end() || !found->second.is_active) return;
  FaultRecord& fault = found->second;
  fault.is_active = false;
  fault.ended = at;
  if (admit(device, Group::kFaults)) write_fault(device, field, fault);
  if (!fault.open_since) device.faults.erase(found);
}

bool EventBook::admit(Known& device, Group group) {
  std::uint64_t& of_group = device.events.at(static_cast<std::size_t>(group));
  std::uint64_t& of_account = accounts_[device.owner];
  if (of_group >= limits_.device_an_hour || of_account >= limits_.account_an_hour) {
    ++device.left_out;
    return false;
  }
  ++of_group;
  ++of_account;
  return true;
}

void EventBook::write(const Known& device, DeviceEvent event) {
  event.device = device.number;
  events_.push_back(std::move(event));
}

void EventBook::write_fault(const Known& device, const std::string& field, FaultRecord& fault) {
  const auto write_as = [&](EventKind kind, TimePoint at, TimePoint since) {
    write(device, {.at_ms = unix_ms(at),
                   .kind = kind,
                   .since_ms = unix_ms(since),
                   .field = field,
                   .text = fault.text});
  };
  if (fault.is_active && fault.open_since == fault.since) return;
  if (fault.open_since) write_as(EventKind::kFaultEnded, fault.ended, *fault.open_since);
  fault.open_since.reset();
  if (!fault.is_active) return;
  write_as(EventKind::kFaultBegan, fault.since, fault.since);
  fault.open_since = fault.since;
}

void EventBook::remove(std::string_view sn) {
  if (const auto found = devices_.find(sn); found != devices_.end()) devices_.erase(found);
}

void EventBook::remove_if(const std::function<bool(std::string_view sn)>& is_gone) {
  std::erase_if(devices_, [&](const auto& each) { return is_gone(each.first); });
}

void EventBook::tick(TimePoint now) {
  if (hour_of(now) != hour_) begin_hour(now);
}

void EventBook::begin_hour(TimePoint now) {
  hour_ = hour_of(now);
  accounts_.clear();
  for (auto& [sn, device] : devices_) {
    device.events = {};
    if (const std::uint64_t count = std::exchange(device.left_out, 0); count != 0) {
      write(device, {.at_ms = unix_ms(now), .kind = EventKind::kLeftOut, .count = count});
    }
    for (auto& [field, fault] : device.faults) {
      write_fault(device, field, fault);
    }
    std::erase_if(device.faults, [](const auto& each) { return !each.second.is_active; });
  }
  std::erase_if(devices_, [](const auto& each) { return each.second.faults.empty(); });
}

std::vector<DeviceEvent> EventBook::take_events() { return std::exchange(events_, {}); }

FaultTimes EventBook::active(std::string_view sn) const {
  FaultTimes times;
  const auto found = devices_.find(sn);
  if (found == devices_.end()) return times;
  for (const auto& [field, fault] : found->second.faults) {
    if (fault.is_active) times.emplace(field, fault.since);
  }
  return times;
}

}  // namespace gridloom::home
