// Events of devices: faults that began and ended, presence, sets with their outcome. The payload of
// a kEvents record is a list of them; docs/internals/formats.md shows the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace gridloom::journal {

// The numbers are stored.
enum class EventKind : std::uint8_t {
  kFaultBegan = 1,
  kFaultEnded = 2,
  kOnline = 3,
  kOffline = 4,
  kSetAnswered = 5,
  kSetRefused = 6,
  kSetUnanswered = 7,
  kLeftOut = 8  // so many events were more than the limit of an hour
};
// "fault.began", "fault.ended", "online", "offline", "set.answered", "set.refused",
// "set.unanswered", "left_out"
[[nodiscard]] std::string_view name_of(EventKind kind);

struct DeviceEvent {
  DeviceNumber device = 0;
  std::int64_t at_ms = 0;  // by the devices' clock
  EventKind kind{};
  std::int64_t since_ms = 0;  // of a fault: when it began
  std::uint64_t count = 0;    // kLeftOut: of events
  std::string field{};        // of a fault: the quota; of a set: its id
  std::string text{};  // of a fault: the quota's value when it began, JSON; of a set: why it failed
  friend bool operator==(const DeviceEvent&, const DeviceEvent&) = default;
};

// Events that one record has at most.
inline constexpr std::size_t kMaxEventsOfRecord = 1024;
// Identifies an event for ever, by the number of its record and its place there. Later events have
// greater ids.
[[nodiscard]] constexpr std::uint64_t event_id(std::uint64_t sequence, std::size_t place) {
  return sequence * kMaxEventsOfRecord + place;
}

// At most kMaxEventsOfRecord events.
[[nodiscard]] std::string make_events(std::span<const DeviceEvent> events);
// Nothing: the payload is no list of events.
[[nodiscard]] std::optional<std::vector<DeviceEvent>> read_events(std::string_view payload);

}  // namespace gridloom::journal
