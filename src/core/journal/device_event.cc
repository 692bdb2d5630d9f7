#include "journal/device_event.h"

#include <utility>

#include "base/bytes.h"

namespace gridloom::journal {

std::string_view name_of(EventKind kind) {
  switch (kind) {
    case EventKind::kFaultBegan:
      return "fault.began";
    case EventKind::kFaultEnded:
      return "fault.ended";
    case EventKind::kOnline:
      return "online";
    case EventKind::kOffline:
      return "offline";
    case EventKind::kSetAnswered:
      return "set.answered";
    case EventKind::kSetRefused:
      return "set.refused";
    case EventKind::kSetUnanswered:
      return "set.unanswered";
    case EventKind::kLeftOut:
      return "left_out";
  }
  return {};
}

std::string make_events(std::span<const DeviceEvent> events) {
  std::string bytes;
  for (const DeviceEvent& event : events) {
    append_varint(bytes, std::to_underlying(event.kind));
    append_signed(bytes, event.device);
    append_signed(bytes, event.at_ms);
    append_signed(bytes, event.since_ms);
    append_varint(bytes, event.count);
    append_text(bytes, event.field);
    append_text(bytes, event.text);
  }
  return bytes;
}

std::optional<std::vector<DeviceEvent>> read_events(std::string_view payload) {
  std::vector<DeviceEvent> events;
  Cursor cursor(payload);
  while (!cursor.at_end()) {
    const std::uint64_t kind = cursor.varint();
    DeviceEvent event;
    event.kind = static_cast<EventKind>(kind);
    event.device = cursor.signed_varint();
    event.at_ms = cursor.signed_varint();
    event.since_ms = cursor.signed_varint();
    event.count = cursor.varint();
    event.field = cursor.text();
    event.text = cursor.text();
    const bool is_known = kind >= std::to_underlying(EventKind::kFaultBegan) &&
                          kind <= std::to_underlying(EventKind::kLeftOut);
    if (cursor.failed() || !is_known || events.size() == kMaxEventsOfRecord) return std::nullopt;
    events.push_back(std::move(event));
  }
  if (cursor.failed()) return std::nullopt;
  return events;
}

}  // namespace gridloom::journal
